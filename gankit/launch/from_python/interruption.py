"""End a run that Ctrl-C stopped."""

from __future__ import annotations

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
    if not stop():
        return run
    text = f"stopped after step {run.step:,} of {steps:,}"
    if run.folder is not None:
        text += f"; saved: continue with {resuming_call}"
    # Not a subclass: Python ends a script as the signal does only for KeyboardInterrupt itself.
    error = KeyboardInterrupt(f"{text}; this error's .run is the run until here")
    error.run = run  # type: ignore[attr-defined]
    raise error
