"""Before a run starts, lines advise on few steps and on classes that the networks do not use."""

from __future__ import annotations

import numpy as np
import pytest

import gankit

IMAGES = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3), np.uint8)
LABELS = ["cat", "big bird"] * 4


@pytest.fixture
def said(capsys):
    """Return a function that trains with settings, and returns what was printed."""

    def train(dataset=IMAGES, recipe="dcgan", **settings):
        width = {role: {"width": 4} for role in ("generator", "discriminator")}
        with pytest.warns(UserWarning, match="there are only 8 images"):
            gankit.train(recipe, dataset=dataset, backend="numpy", batch=8, **width, **settings)
        return capsys.readouterr().err

    return train


def test_few_epochs_of_few_images_are_too_few_steps(said):
    text = said(epochs=2)
    assert "2 steps: an epoch of 8 images has 1, and networks need some thousands" in text
    assert "choose more with --steps 3000" in text
    assert "--minutes" not in text


def test_minutes_do_not_add_steps(said):
    assert "--minutes does not add steps" in said(epochs=1, minutes=5.0)


def test_a_chosen_number_of_steps_needs_no_advice(said):
    assert "thousands" not in said(steps=1)


def test_named_classes_that_the_networks_do_not_use_are_reported(said):
    assert "dcgan does not use the classes (2); the recipe projection" in said(
        (IMAGES, LABELS), steps=1
    )
    assert "does not use" not in said((IMAGES, LABELS), "projection", steps=1)
    assert "does not use" not in said((IMAGES, [0, 1] * 4), steps=1)


def test_a_resumed_run_is_not_advised_again(said, tmp_path, capsys):
    assert "thousands" in said(epochs=1, out=tmp_path / "run")
    gankit.train(out=tmp_path / "run", resume=True, epochs=2, dataset=IMAGES)
    text = capsys.readouterr().err
    assert "step 2/2" in text
    assert "thousands" not in text
