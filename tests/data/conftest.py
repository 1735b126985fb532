"""A machine without data, a small replacement for MNIST, and a faulty server."""

from __future__ import annotations

import numpy as np
import pytest

from gankit.data import ImageSet, glyphs
from tests import small_mnist
from tests.server import serving


@pytest.fixture(scope="session")
def small_glyphs():
    return ImageSet(*glyphs.draw(200, seed=1), source="200 glyphs of seed 1")


@pytest.fixture
def bare_machine(tmp_path, monkeypatch):
    """Give the test empty home, cache and working folders in the returned folder."""
    for name in ("home", "cache", "work"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GANKIT_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GANKIT_DATA", raising=False)
    monkeypatch.delenv("GANKIT_OFFLINE", raising=False)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


@pytest.fixture
def contents(small_glyphs):
    """Return the four files of the small MNIST, IDX bytes by name."""
    images, labels = small_glyphs.images[..., 0], small_glyphs.labels.astype(np.uint8)
    return small_mnist.contents(images, labels, 150)


@pytest.fixture(scope="session")
def checksum():
    """Return a function from bytes to their published checksum."""
    return small_mnist.checksum


@pytest.fixture
def archive(contents):
    """Return a small published data set like MNIST with its own checksums and no mirrors."""
    return small_mnist.archive(contents)


@pytest.fixture
def server():
    with serving() as running:
        yield running
