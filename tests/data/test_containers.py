import gzip
import tracemalloc
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gankit.data.formats.archives import array_bytes, contents
from gankit.errors import DataError
from tests.crash.repetitions import short_or_full

BOMB = 64 * 2**20
QUICK = settings(max_examples=short_or_full(150, 500), deadline=None)
PACKED = gzip.compress(bytes(range(256)) * 4)


@pytest.fixture
def peak():
    """Return Python's peak memory since the test started, in bytes."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def test_a_gzip_bomb_is_refused_without_being_unpacked(tmp_path, peak):
    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb") as file:
        file.write(bytes(BOMB))
    assert path.stat().st_size < BOMB / 500
    before = peak()
    tracemalloc.reset_peak()
    with pytest.raises(DataError, match="unpacks to more than the expected 1000 bytes"):
        contents(path, 1000)
    assert before >= BOMB > 16 * peak()


def test_an_npz_bomb_is_refused_without_being_unpacked(tmp_path, peak):
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, x_train=np.zeros(BOMB, np.uint8))
    tracemalloc.reset_peak()
    with pytest.raises(DataError, match="x_train: unpacks to more than"):
        array_bytes(path, "x_train", 1000)
    assert peak() < BOMB / 16


def test_an_array_in_an_npz_file_is_its_bytes(tmp_path):
    values = np.arange(30, dtype=np.uint8).reshape(5, 6)
    np.savez(tmp_path / "plain.npz", x_train=values)
    np.savez_compressed(tmp_path / "packed.npz", x_train=values)
    assert array_bytes(tmp_path / "plain.npz", "x_train", 30) == values.tobytes()
    assert array_bytes(tmp_path / "packed.npz", "x_train", 30) == values.tobytes()


def test_a_missing_array_is_named(tmp_path):
    np.savez(tmp_path / "file.npz", other=np.zeros(1))
    with pytest.raises(DataError, match="has no array 'x_train'"):
        array_bytes(tmp_path / "file.npz", "x_train", 1)


def test_a_pickle_in_an_npz_file_is_not_loaded(tmp_path):
    np.savez(tmp_path / "file.npz", x_train=np.array([{"a": 1}], object))
    assert isinstance(array_bytes(tmp_path / "file.npz", "x_train", 10), bytes)


def test_unbounded_compression_methods_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "file.npz", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("x_train.npy", bytes(100))
    with pytest.raises(DataError, match="packed by method 12"):
        array_bytes(tmp_path / "file.npz", "x_train", 10)


@QUICK
@given(st.integers(0, len(PACKED) - 1), st.integers(1, 255))
def test_a_damaged_gzip_file_gives_its_bytes_or_a_data_error(tmp_path_factory, place, change):
    path = tmp_path_factory.mktemp("gzip") / "file"
    damaged = bytearray(PACKED)
    damaged[place] ^= change
    path.write_bytes(damaged)
    with suppress(DataError):
        assert contents(path, 2000) in (bytes(range(256)) * 4, bytes(damaged))


@QUICK
@given(st.data())
def test_a_damaged_npz_file_gives_bytes_or_a_data_error(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("npz") / "file.npz"
    np.savez_compressed(path, x_train=np.arange(200, dtype=np.uint8))
    damaged = bytearray(path.read_bytes())
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    with suppress(DataError):
        assert len(array_bytes(path, "x_train", 200)) <= 200


@pytest.mark.parametrize("cut", [1, 9, len(PACKED) // 2, len(PACKED) - 1])
def test_a_gzip_file_cut_short_is_refused(tmp_path, cut):
    (tmp_path / "file").write_bytes(PACKED[:cut])
    if cut == 1:  # One byte is no gzip file, and an IDX parser will say what it is not.
        assert contents(tmp_path / "file", 2000) == PACKED[:1]
        return
    with pytest.raises(DataError, match="cannot be read"):
        contents(tmp_path / "file", 2000)


def test_a_missing_file_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        contents(tmp_path / "missing", 10)
