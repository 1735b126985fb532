"""End a run that Ctrl-C stopped."""

from __future__ import annotations

from pathlib import Path

from gankit._utils.stop_signals import Stop
from gankit.launch.run import Run


def run_or_interrupt(run: Run, stop: Stop, steps: int, data_dir: Path | None = None) -> Run:
    """Return the run; raise KeyboardInterrupt, with the run as `.run`, if Ctrl-C stopped it.

    Parameters
    ----------
    steps
        Steps of the complete run.
    data_dir
        The folder of data sets that the user gave, for the call in the message.
    """
    if not stop():
        return run
    text = f"stopped after step {run.step:,} of {steps:,}"
    if run.folder is not None:
        where = f", data_dir={str(data_dir)!r}" if data_dir else ""
        call = f"gankit.train(out={str(run.folder)!r}, resume=True{where})"
        text += f"; saved: continue with {call}"
    # Not a subclass: Python ends a script as the signal does only for KeyboardInterrupt itself.
    error = KeyboardInterrupt(f"{text}; this error's .run is the run until here")
    error.run = run  # type: ignore[attr-defined]
    raise error
