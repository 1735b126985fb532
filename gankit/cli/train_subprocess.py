"""Train and time one run in a child process: `python -m gankit.cli.train_subprocess REQUEST`.

REQUEST is a JSON object: "settings" of the run, its folder "out", and "data_dir" or null. The
folder also gets `timing.json` and `compared.npy`, for `gankit compare`.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import warnings
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from gankit._text import one_line
from gankit._utils import atomic_files
from gankit._utils.debug_log import LOG, heed_debug
from gankit._utils.stop_signals import Stop, taken
from gankit.callbacks import Bar, never
from gankit.cli.comparison import IMAGES, MADE, TIMING
from gankit.cli.options import say
from gankit.config import from_settings
from gankit.errors import GankitError
from gankit.launch.execute import launch
from gankit.launch.resolved_plan import resolve
from gankit.launch.run import Run
from gankit.runs import RunFolder, arrays
from gankit.training import Progress


class Timing:
    """Measures the time of each block of steps, without the first, in which frameworks compile.

    The time includes writing at the end of a block. The median is the time of a typical step.
    """

    def __init__(self) -> None:
        self._began = 0.0
        self._blocks: list[float] = []

    def next_boundary(self, _step: int, /) -> int:
        """Note when a block begins; return no boundary."""
        self._began = time.perf_counter()
        return never

    def __call__(self, progress: Progress, /) -> None:
        """Note the milliseconds per step of the block."""
        took = time.perf_counter() - self._began
        self._blocks.append(1000 * took / len(progress.losses))

    def table(self) -> dict[str, Any]:
        """Return the number of blocks and the median."""
        later = self._blocks[1:]
        return {"blocks": len(later), "milliseconds": statistics.median(later) if later else None}


def main(request: str) -> int:
    """Train; print an error in one line, and return the exit code."""
    warnings.showwarning = lambda message, *_: say(f"gankit: warning: {message}")
    try:
        return _train(json.loads(request))
    except GankitError as error:
        LOG.debug("the error that ended the run:", exc_info=error)
        click.echo(f"gankit: {one_line(error)}", err=True)
        return error.exit_code


def _train(request: dict[str, Any]) -> int:
    data_dir, out = request["data_dir"], Path(request["out"])
    plan = resolve(from_settings(request["settings"]), data_dir and Path(data_dir))
    done = [0, *RunFolder(out).checkpoints.steps()][-1]
    stop, timing = Stop(), Timing()
    bar = Bar(plan.steps, plain=True if request["plain"] else None)
    with taken(stop.receive), closing(bar):
        run = launch(plan, out, resume=True, callbacks=[timing, bar], stop=stop, tell=say)
        if stop():
            return stop.exit_code
        _write_outputs(run, timing, out, trained=done < plan.steps)
    return 0


def _write_outputs(run: Run, timing: Timing, out: Path, *, trained: bool) -> None:
    """Write the timing and the images for the comparison into the run's folder."""
    if trained:
        atomic_files.write_file(out / TIMING, f"{json.dumps(timing.table())}\n".encode())
    arrays.write(out / MADE, run.chunks(IMAGES, run.problem.seed), IMAGES)


if __name__ == "__main__":
    heed_debug()
    sys.exit(main(sys.argv[1]))
