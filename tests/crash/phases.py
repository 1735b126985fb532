"""The phases of a run in which a fault can happen: a point in the code for each."""

from __future__ import annotations

import importlib
import json
import os
import signal
import time
from pathlib import Path


def _unfinished(path):
    """Return whether a folder is an unfinished checkpoint."""
    return path.name.startswith(".gankit-") and "checkpoints" in path.parts


PHASES = {
    "data": ("gankit.launch.resolved_plan", "training_data", 1, None),
    "building": ("gankit.contract", "Backend.trainer", 1, None),
    "first block": ("gankit.training.fit", "plan", 2, None),  # The first measures a step.
    "block": ("gankit.training.fit", "plan", 5, None),
    "log": ("gankit.runs.loss_log", "LossLog.append", 4, None),
    "picture": ("gankit.visual.images", "write_png", 1, None),
    "save": ("gankit._utils.atomic_files", "sync_folder", 2, _unfinished),
    "pruning": ("gankit._utils.atomic_files", "remove", 1, None),
    "last block": ("gankit.training.fit", "plan", 8, None),
}
"""Module, function, which call of it, and which of its calls count."""


def strike_at(phase, strike):
    """Call `strike` when the run reaches that phase."""
    module, name, number, counts = PHASES[phase]
    *above, name = name.split(".")
    owner = importlib.import_module(module)
    for part in above:
        owner = getattr(owner, part)
    original, calls = getattr(owner, name), []

    def struck(*args, **kwargs):
        if counts is None or counts(*args):
            calls.append(name)
            if len(calls) == number:
                strike()
        return original(*args, **kwargs)

    setattr(owner, name, struck)


def send(number, times, notes, log):
    """Return a function that records how many steps are logged, and signals this process."""

    def strike():
        steps = log.read_bytes().count(b"\n") if log.exists() else 0
        Path(notes).write_text(json.dumps({"struck at": steps}), "utf-8")
        for _ in range(times):
            os.kill(os.getpid(), number)
            time.sleep(0)  # The handler runs between two instructions of Python.

    return strike


def main(arguments):
    """Run a command with a signal in one of its phases.

    The arguments are PHASE SIGNAL TIMES NOTES train --backend torch ...
    """
    from gankit.cli import main as gankit

    phase, number, times, notes, *command = arguments
    log = Path(command[command.index("--out") + 1]) / "metrics.jsonl"
    strike_at(phase, send(signal.Signals[number], int(times), notes, log))
    gankit(command)
