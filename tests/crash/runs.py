"""A short run with every component of a state, and the comparison of two such runs."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import numpy as np

from gankit.data import glyphs
from gankit.runs import RunFolder

STEPS = 12
CONFIG = """
latent = 4
batch = 8
n_critic = 2
label_smoothing = 0.1
instance_noise = { schedule = "linear", start = 0.2, end = 0.0, images = 96 }
steps_per_epoch = 4
sample_every = 1
checkpoint_every = 2
keep_checkpoints = 3
dataset = "glyphs.npy"
average = { half_life = 50.0 }
augment = { policy = ["brightness", "translation"], adaptive = true, images = 64, every = 3 }
[generator]
layers = [
    { layer = "dense", units = 12 },
    { layer = "leaky-relu", slope = 0.2 },
    { layer = "dense", units = 784 },
    { layer = "tanh" },
    { layer = "reshape", shape = [28, 28, 1] },
]
[generator.optimizer]
optimizer = "adam"
learning_rate = { schedule = "cosine", start = 2e-3, end = 1e-4, images = 96 }
[discriminator]
layers = [
    { layer = "flatten" },
    { layer = "dense", units = 12 },
    { layer = "leaky-relu", slope = 0.2 },
    { layer = "dropout", rate = 0.3 },
    { layer = "dense", units = 1 },
]
"""
PROGRAM = [sys.executable, "-m", "gankit"]


def prepare(folder):
    """Write the run's settings and its 256 images; the command works in `folder`."""
    Path(folder, "run.toml").write_text(CONFIG, "utf-8")
    np.save(Path(folder, "glyphs.npy"), images())


@functools.cache
def images():
    return glyphs.draw(256, seed=3)[0]


def train(out, backend="numpy", steps=STEPS):
    """Return the command that starts or resumes the run."""
    return [
        "train",
        "--config",
        "run.toml",
        "--backend",
        backend,
        "--steps",
        str(steps),
        "--out",
        str(out),
        "--resume",
        "auto",
        "--no-progress",
    ]


def logged(out):
    """Return how many steps a run's log has, without an incomplete line."""
    log = RunFolder(out).losses
    return log.read_bytes().count(b"\n") if log.exists() else 0


def newest(out):
    """Return a run's newest checkpoint; fail if any is damaged."""
    refused = []
    found = RunFolder(out).checkpoints.newest_valid(refused.append)
    assert [line for line in refused if not line.endswith("is of another run")] == []
    return found


def assert_same(found, wanted):
    """Fail unless two runs have the same logs, grids and weights, bit for bit.

    Where a run was stopped it may have a picture more.
    """
    for path in _lasting(Path(wanted)):
        assert Path(found, path.relative_to(wanted)).read_bytes() == path.read_bytes(), path
    ends = [newest(run) for run in (found, wanted)]
    assert ends[0].step == ends[1].step
    assert ends[0].state.keys() == ends[1].state.keys()
    for name, array in ends[1].state.items():
        assert array.dtype == ends[0].state[name].dtype
        assert array.tobytes() == ends[0].state[name].tobytes(), name


def _lasting(run):
    """Return the parts that are equal in equal runs; a manifest has its time of writing."""
    return [run / "metrics.jsonl", *run.glob("samples/*.png")]
