"""Arrays in files: indexing returns the array's rows or an error that names the file."""

from __future__ import annotations

import gc
import os
import warnings

import numpy as np
import pytest

from gankit._utils import file_array, system
from gankit._utils.file_array import FileArray
from gankit.errors import DataError

ROWS = np.random.default_rng(0).integers(0, 256, (50, 3, 4, 1), np.uint8)
KEYS = [
    7,
    -1,
    np.int64(3),
    slice(None),
    slice(4, 9),
    slice(40, 2, -3),
    slice(60, 70),
    [1, 1, 49],
    np.array([[3, -2], [0, 3]]),
    np.array([], np.int64),
    ROWS[:, 0, 0, 0] > 100,
    (..., 0),
    (slice(2, 5), 1),
]


@pytest.fixture
def path(tmp_path):
    np.save(tmp_path / "rows.npy", ROWS)
    return tmp_path / "rows.npy"


@pytest.mark.parametrize("key", KEYS, ids=str)
@pytest.mark.parametrize("way", ["pread", "seek"])
def test_indexing_returns_the_rows_of_the_array(path, monkeypatch, key, way):
    if way == "seek":
        monkeypatch.setattr(system, "read_at", system.seek_and_read)
    np.testing.assert_array_equal(FileArray(path)[key], ROWS[key], strict=True)


def test_it_has_the_attributes_of_an_array(path):
    rows = FileArray(path)
    assert (rows.shape, rows.dtype, rows.ndim, len(rows)) == (ROWS.shape, ROWS.dtype, 4, 50)
    assert (rows.size, rows.nbytes) == (ROWS.size, ROWS.nbytes)
    np.testing.assert_array_equal(np.asarray(rows), ROWS)
    np.testing.assert_array_equal(np.stack(list(rows)), ROWS)


def test_large_rows_are_read_one_by_one(path, monkeypatch):
    monkeypatch.setattr(file_array, "LARGE_ROW_BYTES", 4)
    np.testing.assert_array_equal(FileArray(path)[[[5, 1], [-1, 5]]], ROWS[[[5, 1], [-1, 5]]])


def test_many_rows_are_read_in_parts(path, monkeypatch):
    monkeypatch.setattr(file_array, "CHUNK_BYTES", 7)
    np.testing.assert_array_equal(FileArray(path)[5:45], ROWS[5:45])


def test_returned_rows_are_writable_copies(path):
    rows = FileArray(path)
    for made in (rows[np.array([1, 2])], rows[1:3], rows[1]):
        made[...] = 0
    np.testing.assert_array_equal(rows[:], ROWS)


def test_rows_may_have_another_shape(path):
    np.testing.assert_array_equal(FileArray(path).reshape(50, 12)[[4]], ROWS.reshape(50, 12)[[4]])
    view = FileArray(path).reshape(50, 12)
    gc.collect()
    np.testing.assert_array_equal(view[:], ROWS.reshape(50, 12))
    with pytest.raises(ValueError, match="cannot be reshaped"):
        FileArray(path).reshape(25, 24)


@pytest.mark.parametrize("key", [50, -51, [0, 50]])
def test_an_index_out_of_range_is_an_error(path, key):
    with pytest.raises(IndexError):
        FileArray(path)[key]


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(b""),
        lambda path: np.save(path, ROWS[:10]),
        lambda path: np.save(path, ROWS[::-1]),
    ],
    ids=["cut short", "saved smaller", "saved with others"],
)
@pytest.mark.parametrize("key", [slice(None), np.array([40]), 49], ids=["all", "some", "one"])
def test_a_file_that_changes_while_it_is_open_is_an_error_that_names_it(path, change, key):
    os.utime(path, ns=(0, 0))
    rows = FileArray(path)
    change(path)
    with pytest.raises(DataError, match=r"rows\.npy was changed while it was in use"):
        rows[key]


def test_a_file_replaced_while_it_is_open_is_read_to_its_end(path):
    rows = FileArray(path)
    np.save(path.with_name("new.npy"), ROWS[::-1])
    path.with_name("new.npy").replace(path)
    np.testing.assert_array_equal(rows[:], ROWS)


def test_a_file_that_is_shorter_than_its_header_says_is_not_opened(path):
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"rows\.npy: cannot be read as npy"):
        FileArray(path)


def test_an_array_whose_rows_are_spread_over_the_file_is_not_opened(path):
    np.save(path, np.asfortranarray(ROWS))
    with pytest.raises(DataError, match="Fortran order"):
        FileArray(path)


def test_it_closes_its_file_without_a_warning(path):
    descriptor = FileArray(path)._descriptor
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(5):
            FileArray(path)[3]
    assert FileArray(path)._descriptor == descriptor  # It is free again.
