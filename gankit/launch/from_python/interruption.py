"""End a run that Ctrl-C stopped."""

from __future__ import annotations

from typing import NoReturn

from gankit._utils.stop_signals import Stop
from gankit.launch.run import Run


def run_or_interrupt(run: Run, stop: Stop, steps: int, resuming_call: str) -> Run:
    """Return the run; raise KeyboardInterrupt, with the run as `.run`, if Ctrl-C stopped it.

    Parameters
    ----------
    steps
        Steps of the complete run.
    resuming_call
        The Python call that resumes the run, for the message.
    """
    if stop():
        interrupt(run, f"stopped after step {run.step:,} of {steps:,}", resuming_call)
    return run


def interrupt(run: Run, text: str, resuming_call: str) -> NoReturn:
    """Raise KeyboardInterrupt with the run as `.run`; `text` says where it stopped."""
    if run.folder is not None:
        text += f"; saved: continue with {resuming_call}"
    # Not a subclass: Python ends a script as the signal does only for KeyboardInterrupt itself.
    error = KeyboardInterrupt(f"{text}; this error's .run is the run until here")
    error.run = run  # type: ignore[attr-defined]
    raise error
