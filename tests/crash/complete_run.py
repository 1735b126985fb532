"""A complete run with samples, under an audit hook, in a separate process.

    python -m tests.crash.complete_run BACKEND FOLDER

Prints as JSON what happened while gankit had something to read: training, resuming, loading,
sampling. What a framework does while it is imported is over by then.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

import gankit
from tests.crash.audit import Watch

TINY = {
    "latent": 3,
    "batch": 4,
    "steps_per_epoch": 2,
    "checkpoint_every": 1,
    "generator": {
        "layers": [{"layer": "dense", "units": 784}, {"layer": "reshape", "shape": [28, 28, 1]}]
    },
    "discriminator": {"layers": [{"layer": "flatten"}, {"layer": "dense", "units": 1}]},
}


def trained(backend, folder, steps):
    """Train or resume until step n."""
    data = str(folder / "mine.npy")
    options = {"backend": backend, "dataset": data, "steps": steps, "device": "cpu", **TINY}
    gankit.train(out=folder / "run", resume=(folder / "run").exists(), **options)


def watched(backend, folder):
    """Return the audit events, by phase."""
    np.save(folder / "mine.npy", np.arange(8 * 784, dtype=np.uint8).reshape(8, 28, 28))
    warm = folder / "warm"
    warm.mkdir()
    np.save(warm / "mine.npy", np.zeros((8, 28, 28), np.uint8))
    for steps in (1, 2):  # Imports the framework, and whatever it imports when it is used.
        trained(backend, warm, steps)
    gankit.load(warm / "run").sample(2)
    phases = {
        "train": lambda: trained(backend, folder, 2),
        "resume": lambda: trained(backend, folder, 4),
        "load": lambda: gankit.load(folder / "run"),
        "sample": lambda: gankit.load(folder / "run").sample(3),
    }
    return {name: _heard(phase) for name, phase in phases.items()}


def _heard(phase):
    watch = Watch()
    with watch:
        phase()
    return {"executed": watch.executed(), "imported": watch.imported(), "opened": watch.opened}


if __name__ == "__main__":
    print(json.dumps(watched(sys.argv[1], Path(sys.argv[2]))))
