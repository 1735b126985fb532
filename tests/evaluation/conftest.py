"""Drawn digits, their classifier, and their evaluation."""

from __future__ import annotations

import pytest

from gankit.data import ImageSet, glyphs
from gankit.evaluation import Evaluator, choose, classifier_of


@pytest.fixture(scope="session")
def digits():
    """Return drawn digits: training images and test images."""
    return glyphs.draw(1200, seed=1)


@pytest.fixture(scope="session")
def features(digits, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANKIT_HOME", str(tmp_path_factory.mktemp("cache")))
        return classifier_of(ImageSet(digits[0][:600], digits[1][:600], "drawn"), steps=150)


@pytest.fixture(scope="session")
def evaluator(digits, features):
    return Evaluator(choose(digits[0][:600], "drawn digits", 500), features)


@pytest.fixture(scope="session")
def baseline(evaluator, digits):
    return evaluator(digits[0][600:])
