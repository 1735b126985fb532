"""Train as one of several processes that `gankit.train(processes=...)` starts.

`python -m gankit.launch.from_python.train_subprocess REQUEST`, a JSON object with the settings, the
folder, and a folder "reports" that gets the error of each process.
"""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from gankit._utils.debug_log import LOG, heed_debug
from gankit._utils.start_variables import started
from gankit._utils.stop_signals import Stop, end, taken
from gankit._utils.system import release
from gankit.callbacks import Bar
from gankit.callbacks.display import Screen
from gankit.config import from_settings
from gankit.errors import ExitCode, GankitError
from gankit.launch.advice import advice
from gankit.launch.execute import launch
from gankit.launch.messages import silent
from gankit.launch.resolved_plan import resolve
from gankit.launch.warm_start.init_from import InitFrom
from gankit.launch.warm_start.warm_start import warm_start


def main(text: str) -> int:
    """Train; write an error into the folder of reports, and return the exit code."""
    request = json.loads(text)
    try:
        with taken(end):
            release()
            return _train(request)
    except KeyboardInterrupt as error:  # Before the first block there is nothing to save.
        return getattr(error, "exit_code", ExitCode.INTERRUPTED)
    except GankitError as error:
        LOG.debug("the error that ended the run:", exc_info=error)
        report = {"kind": type(error).__name__, "message": str(error), "code": error.exit_code}
        path = Path(request["reports"], f"{started().rank:04}.json")
        path.write_text(json.dumps(report), "utf-8")
        return error.exit_code


def _train(request: dict[str, Any]) -> int:
    shows = request["progress"] and started().rank == 0
    tell = Screen(plain=True).write if shows else silent
    out, data_dir = Path(request["out"]), request["data_dir"]
    resumed = out if request["resume"] else None
    asked = request["warm"]
    warm = InitFrom(**asked | {"run": Path(asked["run"])}) if asked else None
    plan = resolve(
        from_settings(request["settings"]),
        data_dir and Path(data_dir),
        tell,
        resumed=resumed,
        warm=warm_start(warm, resumed),
    )
    for line in [] if resumed else advice(plan):
        tell(line)
    stop = Stop.in_process(prints=shows)
    with taken(stop.receive), closing(Bar(plan.steps, minutes=plan.config.minutes)) as bar:
        callbacks = [bar] if shows else []
        launch(plan, out, resume=request["resume"], callbacks=callbacks, stop=stop, tell=tell)
        stop.agree(plan.problem.world.each)
    return stop.exit_code


if __name__ == "__main__":
    heed_debug()
    sys.exit(main(sys.argv[1]))
