"""Many images are collected in a file without a name, with little memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from gankit._utils.file_array import FileArray
from gankit.data.inputs import collect
from gankit.data.memory_data import memory_data
from gankit.errors import StorageError

MIB = 2**20
SHAPE = (64, 64, 3)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GANKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(collect, "MEMORY_BYTES", 8 * MIB)
    return tmp_path / "home"


def numbered(images):
    return (np.full(SHAPE, number % 251, np.uint8) for number in range(images))


def test_few_images_stay_in_memory(cache):
    assert isinstance(memory_data(numbered(100)).images, np.ndarray)
    assert not cache.exists()


def test_many_images_are_in_a_file_without_a_name(cache):
    data = memory_data(numbered(3000))
    assert isinstance(data.images, FileArray)
    assert data.images.shape == (3000, *SHAPE)
    assert not list(cache.iterdir())
    assert data.images[[2999, 5]][:, 0, 0, 0].tolist() == [2999 % 251, 5]


def test_a_file_has_the_digest_of_the_array_and_no_entry_in_the_cache(cache):
    data = memory_data(numbered(1500))
    assert data.digest == memory_data(np.stack(list(numbered(1500)))).digest
    assert not list(cache.iterdir())


def test_the_memory_does_not_grow_with_the_number_of_images():
    peaks = []
    for images in (6000, 12_000):
        tracemalloc.start()
        memory_data(numbered(images))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert max(peaks) < 80 * MIB < 12_000 * 64 * 64 * 3
    assert peaks[1] < peaks[0] + 2 * MIB


def test_an_error_in_the_middle_leaves_no_file(cache):
    def images():
        yield from numbered(3000)
        raise OverflowError("of the user's generator")

    with pytest.raises(OverflowError):
        memory_data(images())
    assert not list(cache.iterdir())


def test_a_cache_that_cannot_be_written_is_named(cache):
    cache.write_text("a file", "utf-8")
    with pytest.raises(StorageError, match=r"cannot write .*home"):
        memory_data(numbered(3000))
