import gzip
import os

import numpy as np
import pytest

from gankit.data.formats import idx
from gankit.data.published.mirrors import Mirrors
from gankit.errors import DataError, UnknownName

IMAGES = "train-images-idx3-ubyte"
NONE = Mirrors(())


def put(folder, contents, *, packed=True):
    """Write the four files into a folder, as gzip or plain."""
    folder.mkdir(parents=True)
    for name, content in contents.items():
        path = folder / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(content, 1) if packed else content)
    return folder


def put_npz(path, contents):
    """Write the four arrays into an npz file with Keras's names."""
    path.parent.mkdir(parents=True)
    arrays = [idx.decode(content, name) for name, content in contents.items()]
    np.savez(path, **dict(zip(("x_train", "y_train", "x_test", "y_test"), arrays, strict=True)))


@pytest.mark.parametrize(
    "place", ["named", "named/mnist", "cache/mnist", "home/.keras/datasets", "work/data/MNIST/raw"]
)
@pytest.mark.parametrize("packed", [True, False])
def test_files_are_found_in_every_supported_place(bare_machine, archive, contents, place, packed):
    put(bare_machine / place, contents, packed=packed)
    data = archive.read("train", bare_machine / "named", NONE)
    assert idx.encode(data.images[..., 0]) == contents[IMAGES]
    assert place.removeprefix("work/") in data.source


@pytest.mark.parametrize("place", ["home/.keras/datasets", "cache/mnist"])
def test_files_are_found_in_an_npz_file(bare_machine, archive, contents, place):
    put_npz(bare_machine / place / "mnist.npz", contents)
    for split, name in (("train", IMAGES), ("test", "t10k-images-idx3-ubyte")):
        data = archive.read(split, None, NONE)
        assert idx.encode(data.images[..., 0]) == contents[name]


def test_gankit_data_names_a_folder(bare_machine, archive, contents, monkeypatch):
    monkeypatch.setenv("GANKIT_DATA", str(put(bare_machine / "named", contents)))
    assert str(bare_machine / "named") in archive.read("test", None, NONE).source


def test_the_argument_overrides_gankit_data(bare_machine, archive, contents, monkeypatch):
    monkeypatch.setenv("GANKIT_DATA", str(put(bare_machine / "environment", contents)))
    put(bare_machine / "argument", contents)
    assert "argument" in archive.read("train", bare_machine / "argument", NONE).source


def test_a_named_folder_is_searched_before_the_cache(bare_machine, archive, contents):
    put(bare_machine / "cache" / "mnist", contents)
    put(bare_machine / "named", contents)
    assert "cache" not in archive.read("train", bare_machine / "named", NONE).source


@pytest.mark.parametrize("harm", ["cut short", "one bit", "another container", "empty"])
def test_a_damaged_file_is_skipped_and_named(bare_machine, archive, contents, harm):
    put(bare_machine / "cache" / "mnist", contents)
    damaged = put(bare_machine / "named", contents) / f"{IMAGES}.gz"
    flipped = bytearray(contents[IMAGES])
    flipped[100] ^= 1
    harmed = {
        "cut short": damaged.read_bytes()[:-9],
        "one bit": gzip.compress(bytes(flipped)),
        "another container": b"PK" + damaged.read_bytes(),
        "empty": b"",
    }
    damaged.write_bytes(harmed[harm])
    data = archive.read("train", bare_machine / "named", NONE)
    assert idx.encode(data.images[..., 0]) == contents[IMAGES]
    assert f"ignored {damaged}: " in data.source


def test_a_file_of_the_right_size_with_other_contents_is_refused(bare_machine, archive, contents):
    contents[IMAGES] = contents[IMAGES][:-1] + bytes([contents[IMAGES][-1] ^ 1])
    put(bare_machine / "named", contents, packed=False)
    with pytest.raises(DataError, match="its contents are not train-images-idx3-ubyte"):
        archive.read("train", bare_machine / "named", NONE)


def test_an_error_names_every_place_and_the_remedy(bare_machine, archive):
    with pytest.raises(DataError) as caught:
        archive.read("train", bare_machine / "named", NONE)
    message, places = str(caught.value), "\n".join(caught.value.__notes__)
    for said in ("named/mnist", "cache/mnist", ".keras/datasets", "data/MNIST/raw"):
        assert said in places
    for remedy in ("put the files as published into", "GANKIT_DATA", "--dataset glyphs"):
        assert remedy in message
    assert "\n" not in message


def test_an_error_names_what_was_found_damaged(bare_machine, archive):
    (bare_machine / "named").mkdir()
    (bare_machine / "named" / IMAGES).write_bytes(b"no data")
    with pytest.raises(DataError, match=f"refused .*named/{IMAGES}: holds 7 bytes"):
        archive.read("train", bare_machine / "named", NONE)


def test_an_unknown_split_is_named(archive):
    with pytest.raises(UnknownName, match="unknown split 'tests'"):
        archive.read("tests", None, NONE)


def test_verify_reports_every_copy_and_every_missing_file(bare_machine, archive, contents):
    put(bare_machine / "cache" / "mnist", contents)
    named = put(bare_machine / "named", contents)
    (named / f"{IMAGES}.gz").write_bytes(b"\0\0\x08")
    (named / "t10k-labels-idx1-ubyte.gz").unlink()
    (bare_machine / "cache" / "mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
    rows = archive.verify(bare_machine / "named")
    assert [(row.file, row.ok) for row in rows] == [
        (IMAGES, False),
        (IMAGES, True),
        ("train-labels-idx1-ubyte", True),
        ("train-labels-idx1-ubyte", True),
        ("t10k-images-idx3-ubyte", True),
        ("t10k-images-idx3-ubyte", True),
        ("t10k-labels-idx1-ubyte", False),
    ]
    assert rows[0].place == str(named / f"{IMAGES}.gz")
    assert rows[0].reason.startswith("holds 3 bytes")
    assert (rows[-1].place, rows[-1].reason) == ("", "not found")


def test_a_fifo_in_place_of_a_file_is_not_read(bare_machine, archive):
    (bare_machine / "named").mkdir()
    os.mkfifo(bare_machine / "named" / IMAGES)
    with pytest.raises(DataError, match="no train-images"):
        archive.read("train", bare_machine / "named", NONE)


@pytest.mark.usefixtures("bare_machine")
def test_a_missing_home_folder_is_no_error(archive, monkeypatch):
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", lambda _: {}["no such user"])
    with pytest.raises(DataError, match=r"~/\.keras/datasets"):
        archive.read("train", None, NONE)
