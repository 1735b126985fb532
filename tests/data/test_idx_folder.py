import gzip

import numpy as np
import pytest

from gankit.data import ImageSet, idx_folder, write_idx_folder
from gankit.data.published import mnist
from gankit.errors import DataError, StorageError, UnknownName


def test_glyphs_written_as_idx_files_read_back(tmp_path, small_glyphs):
    for split in ("train", "test"):
        assert len(write_idx_folder(tmp_path / "new", small_glyphs, split)) == 2
        data = idx_folder(tmp_path / "new", split)
        assert np.array_equal(data.images, small_glyphs.images)
        assert np.array_equal(data.labels, small_glyphs.labels)
        assert str(tmp_path) in data.source


def test_unpacked_files_are_read_as_well(tmp_path, small_glyphs):
    for path in write_idx_folder(tmp_path, small_glyphs):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    assert np.array_equal(idx_folder(tmp_path).images, small_glyphs.images)


def test_glyphs_are_never_used_as_mnist(bare_machine, monkeypatch, small_glyphs):
    monkeypatch.setenv("GANKIT_OFFLINE", "1")
    write_idx_folder(bare_machine / "mnist", small_glyphs)
    with pytest.raises(DataError, match=r"refused .*train-images-idx3-ubyte\.gz: holds"):
        mnist.read("train", bare_machine)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="no train-images-idx3-ubyte"):
        idx_folder(tmp_path)


def test_an_unknown_split_is_named(tmp_path):
    with pytest.raises(UnknownName, match=r"unknown split 'trian'.*did you mean 'train'"):
        idx_folder(tmp_path, "trian")


def test_only_grey_images_with_labels_can_be_written(tmp_path, small_glyphs):
    without = ImageSet(small_glyphs.images, None, "here")
    coloured = ImageSet(small_glyphs.images.repeat(3, -1), small_glyphs.labels, "here")
    for data in (without, coloured):
        with pytest.raises(DataError, match="one channel and labels"):
            write_idx_folder(tmp_path, data)


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path, small_glyphs):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot create"):
        write_idx_folder(tmp_path / "file" / "folder", small_glyphs)
