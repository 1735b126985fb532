import gzip
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from gankit.data.published import mnist
from gankit.errors import DataError

NAMES = [file.name for file in mnist.ARCHIVE.files]


@pytest.fixture(scope="module")
def folder():
    """Return the folder that GANKIT_DATA names, if it has all of MNIST."""
    named = os.environ.get("GANKIT_DATA")
    if not named:
        pytest.skip("needs MNIST: set GANKIT_DATA to a folder that has its four files")
    for folder in (Path(named) / "mnist", Path(named)):
        if all((folder / f"{name}.gz").is_file() for name in NAMES):
            return folder
    pytest.fail(f"GANKIT_DATA={named} has not all of MNIST's four .gz files")


@pytest.fixture(scope="module")
def training_set(folder):
    return mnist.read("train", folder)


def test_the_training_split_is_sixty_thousand_digits(training_set):
    assert (training_set.images.shape, training_set.images.dtype) == ((60000, 28, 28, 1), np.uint8)
    assert training_set.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert np.bincount(training_set.labels).min() == 5421


def test_the_test_split_is_ten_thousand_digits(folder):
    data = mnist.read("test", folder)
    assert data.images.shape == (10000, 28, 28, 1)
    assert data.labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_the_source_names_the_files(training_set, folder):
    assert training_set.source.startswith(f"mnist from {folder}")


def test_verify_accepts_the_true_files(folder):
    rows = [row for row in mnist.DATASET.verify(folder) if row.place.startswith(str(folder))]
    assert [(row.file, row.ok) for row in rows] == [(name, True) for name in NAMES]


def test_unpacked_files_are_taken(folder, bare_machine):
    for name in NAMES[2:]:
        unpacked = gzip.decompress((folder / f"{name}.gz").read_bytes())
        (bare_machine / name).write_bytes(unpacked)
    assert len(mnist.read("test", bare_machine)) == 10000


def test_keras_s_file_is_taken(folder, bare_machine):
    keras = bare_machine / "home" / ".keras" / "datasets"
    keras.mkdir(parents=True)
    data = mnist.read("test", folder)
    np.savez(keras / "mnist.npz", x_test=data.images[..., 0], y_test=data.labels.astype(np.uint8))
    assert ".keras" in mnist.read("test").source


def test_labels_of_another_split_are_refused(folder, bare_machine, monkeypatch):
    monkeypatch.setenv("GANKIT_OFFLINE", "1")
    shutil.copy(folder / f"{NAMES[0]}.gz", bare_machine)
    shutil.copy(folder / f"{NAMES[3]}.gz", bare_machine / f"{NAMES[1]}.gz")
    with pytest.raises(DataError, match="holds 10008 bytes; train-labels-idx1-ubyte has 60008"):
        mnist.read("train", bare_machine)


@pytest.mark.usefixtures("bare_machine")
def test_a_machine_without_network_gets_an_error_in_seconds():
    started = time.monotonic()
    mirrors = tuple(f"http://{host}.invalid/" for host in "abc")
    with pytest.raises(
        DataError, match=r"(?s)--dataset glyphs.*a\.invalid.*b\.invalid.*c\.invalid"
    ):
        mnist.read("train", mirrors=mirrors)
    assert time.monotonic() - started < 20


def test_every_mirror_is_asked_over_https():
    assert mnist.ARCHIVE.mirrors
    assert all(mirror.startswith("https://") for mirror in mnist.ARCHIVE.mirrors)
