"""The grids of a run: the same latent vectors throughout training."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit.runs import read_checkpoint
from gankit.visual import images

SETTINGS = {
    "backend": "numpy",
    "dataset": "glyphs",
    "latent": 4,
    "batch": 8,
    "steps_per_epoch": 1,
    "sample_every": 2,
    "checkpoint_every": 1,
    "keep_checkpoints": 9,
    "seed": 3,
    "generator": {
        "layers": [
            {"layer": "dense", "units": 784},
            {"layer": "tanh"},
            {"layer": "reshape", "shape": [28, 28, 1]},
        ]
    },
    "discriminator": {"layers": [{"layer": "flatten"}, {"layer": "dense", "units": 1}]},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return the folder of a run of 5 epochs, one step each."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    return gankit.train(out=folder, epochs=5, **SETTINGS)


def picture(run, step):
    with Image.open(run.folder / "samples" / f"{step:06d}.png") as opened:
        return np.asarray(opened)


def test_grids_are_written_after_epoch_1_at_the_interval_and_at_the_end(run):
    names = sorted(path.name for path in (run.folder / "samples").iterdir())
    assert names == ["000001.png", "000002.png", "000004.png", "000005.png"]


def test_a_grid_shows_5_by_5_images(run):
    assert picture(run, 5).shape == (5 * 28 + 4 * 2, 5 * 28 + 4 * 2)


def test_every_grid_shows_the_same_latent_vectors(run):
    for step in (1, 2, 4, 5):
        state = run.folder / "checkpoints" / f"{step:06d}"
        run.trainer.load_state(read_checkpoint(state).state)
        wanted = images.grid(run.sample(25, seed=3), columns=5)
        assert np.array_equal(picture(run, step), wanted)


def test_grids_change_during_training(run):
    assert len({picture(run, step).tobytes() for step in (1, 2, 4, 5)}) == 4
