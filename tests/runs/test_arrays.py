"""Arrays of images in files, and sampling many images, in constant memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from gankit.contract.latents import chunks, latents
from gankit.errors import ConfigError, StorageError
from gankit.runs import arrays

NAMES = ("some.npy", "some.npz")
MANY, SIZE = 64, 256
BYTES = SIZE * 28 * 28 * 4
"""Of one chunk below."""


def made(count=MANY, size=SIZE):
    return (np.full((size, 28, 28, 1), n, np.float32) for n in range(count))


def read(path):
    found = np.load(path, allow_pickle=False)
    return found if path.suffix == ".npy" else found["images"]


@pytest.mark.parametrize("name", NAMES)
def test_an_array_written_in_parts_is_read_back_complete(tmp_path, name):
    arrays.write(tmp_path / "new" / name, made(3, 2), 6)
    np.testing.assert_array_equal(read(tmp_path / "new" / name), np.concatenate(list(made(3, 2))))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
def test_the_file_is_numpys_own_and_keeps_the_kind_of_numbers(tmp_path, name, dtype):
    images = np.arange(24).reshape(2, 3, 4, 1).astype(dtype)
    arrays.write(tmp_path / name, iter([images[:, ::-1]]), 2)
    found = read(tmp_path / name)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, images[:, ::-1])


@pytest.mark.parametrize("name", NAMES)
def test_memory_does_not_grow_with_what_is_written(tmp_path, name):
    tracemalloc.start()
    arrays.write(tmp_path / name, made(), MANY * SIZE)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * BYTES


def test_the_memory_test_can_fail(tmp_path):
    tracemalloc.start()
    np.save(tmp_path / "whole.npy", np.concatenate(list(made())))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak > MANY * BYTES


@pytest.mark.parametrize("suffix", [".pkl", "", ".png"])
def test_an_array_is_written_in_no_other_format(tmp_path, suffix):
    with pytest.raises(ConfigError, match=r"expected a \.npy or \.npz file"):
        arrays.write(tmp_path / f"some{suffix}", made(1), SIZE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("parts", "count"),
    [
        ([2, 2], 5),
        ([2, 2], 3),
        ([], 2),
        ([], 0),
    ],
)
def test_another_number_than_was_announced_is_refused(tmp_path, name, parts, count):
    with pytest.raises(ConfigError, match=f"got {sum(parts)} images; expected {count}"):
        arrays.write(tmp_path / name, (np.zeros((n, 2, 2, 1)) for n in parts), count)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "other", [np.zeros((1, 2, 2, 1), np.float64), np.zeros((1, 2, 3, 1), "f4")]
)
def test_images_of_another_kind_are_refused(tmp_path, other):
    with pytest.raises(ConfigError, match=r"float32 of \(2, 2, 1\), but later ones"):
        arrays.write(tmp_path / "some.npy", iter([np.zeros((1, 2, 2, 1), "f4"), other]), 2)
    assert list(tmp_path.iterdir()) == []


def test_objects_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="array of objects"):
        arrays.write(tmp_path / "some.npy", iter([np.array([[None]])]), 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_failing_generator_leaves_the_old_file(tmp_path, name):
    (tmp_path / name).write_text("mine")

    def failing():
        yield from made(2, 2)
        raise ConfigError("no more")

    with pytest.raises(ConfigError, match="no more"):
        arrays.write(tmp_path / name, failing(), 6)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["mine"]


def test_a_folder_that_is_a_file_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        arrays.write(tmp_path / "file" / "a.npy", made(1), SIZE)


@pytest.mark.parametrize("size", [1, 3, 7, 10, 11])
def test_noise_in_parts_is_the_same_noise(size):
    parts = list(chunks(10, 5, 3, size))
    assert {len(part) for part in parts[:-1]} <= {size}
    np.testing.assert_array_equal(np.concatenate(parts), latents(10, 5, 3))


def test_wrong_noise_is_refused_before_the_first_part():
    for n, seed in ((0, 1), (3, -1)):
        with pytest.raises(ConfigError):
            chunks(n, 5, seed, 2)
