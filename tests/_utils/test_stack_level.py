"""Warnings name the line of the user."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import gankit
from gankit._utils import stack_level
from gankit.callbacks.watchdog import HealthWarning, warn


def test_a_warning_of_training_names_the_line_that_trains():
    images = np.random.default_rng(0).integers(0, 256, (8, 4, 4, 1), np.uint8)
    with pytest.warns(HealthWarning, match="only 8 images") as caught:
        gankit.fit(
            images, "dense", "dense", latent=2, steps=1, batch=4, backend="numpy", progress=False
        )
    assert {one.filename for one in caught} == {__file__}


def test_a_direct_call_names_its_caller():
    with pytest.warns(HealthWarning) as caught:
        warn("text")
    assert caught[0].filename == __file__


def test_if_every_caller_is_in_the_package_it_is_the_outermost(monkeypatch):
    monkeypatch.setattr(stack_level, "PACKAGE", "")
    with pytest.warns(UserWarning, match="text") as caught:
        warnings.warn("text", stacklevel=stack_level.of_user())
    assert caught[0].filename != __file__
