"""Launch a run from Python, with a bar; Ctrl-C stops it after a step."""

from __future__ import annotations

from pathlib import Path

from gankit._utils.stop_signals import by_ctrl_c
from gankit.callbacks.display import Screen
from gankit.launch.execute import launch
from gankit.launch.from_python.interruption import run_or_interrupt
from gankit.launch.from_python.progress_bar import with_bar
from gankit.launch.messages import silent
from gankit.launch.resolved_plan import ResolvedPlan
from gankit.launch.run import Run
from gankit.training import Callbacks, as_callbacks


def launch_with_bar(
    plan: ResolvedPlan,
    out: Path | None,
    *,
    resume: bool,
    progress: bool,
    callbacks: Callbacks,
    resuming_call: str,
) -> Run:
    """Train as `gankit.launch.execute.launch` does.

    Parameters
    ----------
    progress
        Whether to show a bar, and a line for what the run does and for each evaluation.
    resuming_call
        The Python call that resumes the run, for the message after Ctrl-C.

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C was pressed; the error has the run as `.run`.
    """
    tell, called = Screen(plain=True).write if progress else silent, as_callbacks(callbacks)
    with by_ctrl_c() as stop, with_bar(progress, plan, called) as watched:
        run = launch(plan, out, resume=resume, callbacks=watched, stop=stop, tell=tell)
        stop.agree(plan.problem.world.each)
    return run_or_interrupt(run, stop, plan.steps, resuming_call)
