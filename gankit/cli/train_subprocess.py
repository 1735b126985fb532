"""Trains one run in a process of its own, timed: `python -m gankit.cli.train_subprocess REQUEST`.

REQUEST is an object of JSON: "settings" of the run, its folder "out", and "data_dir" or null. The
folder gets `timing.json` and `compared.npy` too, for `gankit compare`.
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
    """Takes the time of each block of steps; the first, in which frameworks compile, is left out.

    What a block leaves on the disk at its end counts too, so the median is what a step takes.
    """

    def __init__(self) -> None:
        self._began = 0.0
        self._blocks: list[float] = []

    def next_boundary(self, _step: int, /) -> int:
        """Note when a block begins; ask for no edge."""
        self._began = time.perf_counter()
        return never

    def __call__(self, progress: Progress, /) -> None:
        """Note how long a step of the block took, in milliseconds."""
        took = time.perf_counter() - self._began
        self._blocks.append(1000 * took / len(progress.losses))

    def table(self) -> dict[str, Any]:
        """Return what was found."""
        later = self._blocks[1:]
        return {"blocks": len(later), "milliseconds": statistics.median(later) if later else None}


def main(request: str) -> int:
    """Train; return the exit code, having said in one line what went wrong."""
    warnings.showwarning = lambda message, *_: say(f"gankit: warning: {message}")
    try:
        return _train(json.loads(request))
    except GankitError as error:
        LOG.debug("what ended the run was raised here:", exc_info=error)
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
        _leave(run, timing, out, trained=done < plan.steps)
    return 0


def _leave(run: Run, timing: Timing, out: Path, *, trained: bool) -> None:
    """Write what is compared of a run beside its checkpoints and its log."""
    if trained:
        atomic_files.write_file(out / TIMING, f"{json.dumps(timing.table())}\n".encode())
    arrays.write(out / MADE, run.chunks(IMAGES, run.problem.seed), IMAGES)


if __name__ == "__main__":
    heed_debug()
    sys.exit(main(sys.argv[1]))
