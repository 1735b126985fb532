"""Data sets whose published checksums are those of the gzip files."""

import gzip

import numpy as np
import pytest

from gankit.data import BUILTIN
from gankit.data.formats import idx
from gankit.data.published import fashion_mnist, kmnist, mnist
from gankit.data.published.archive import Archive
from gankit.data.published.checksum import Checksum
from gankit.data.published.files import PublishedFile
from gankit.data.published.mirrors import Mirrors
from gankit.errors import DataError

IMAGES = "train-images-idx3-ubyte"
NAMES = tuple("abcdefghij")


@pytest.fixture
def packed(contents):
    """Return the four published files, gzip bytes by name."""
    return {f"{name}.gz": gzip.compress(content, mtime=1) for name, content in contents.items()}


@pytest.fixture
def relative(contents, packed, checksum):
    """Return a small data set with unconfirmed checksums of its gzip files."""
    files = [
        PublishedFile(
            name, "x", idx.decode(content, name).shape, checksum(gz, unconfirmed="Someone"), len(gz)
        )
        for (name, content), gz in zip(contents.items(), packed.values(), strict=True)
    ]
    splits = {"train": (files[0], files[1]), "test": (files[2], files[3])}
    return Archive("relative", splits, (), ("~/other",), NAMES)


def put(folder, files):
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("place", ["named", "named/relative", "cache/relative", "home/other"])
def test_published_files_are_found_in_any_folder(bare_machine, relative, packed, contents, place):
    put(bare_machine / place, packed)
    data = relative.load(bare_machine / "named")
    assert idx.encode(data.images[..., 0]) == contents[IMAGES]
    assert (data.class_names, data.classes) == (NAMES, 10)
    assert len(relative.held_out(bare_machine / "named")) == 50


@pytest.mark.parametrize("form", ["unpacked", "npz"])
def test_other_forms_are_ignored(bare_machine, relative, contents, form):
    # MNIST's own files would fit as well: same names, same shapes.
    folder = put(bare_machine / "named", contents if form == "unpacked" else {})
    if form == "npz":
        np.savez(folder / "relative.npz", x=idx.decode(contents[IMAGES], "here"))
    with pytest.raises(DataError, match=f"^no {IMAGES}.gz for relative: put the files"):
        relative.read("train", folder, Mirrors(()))


def test_a_recompressed_file_is_refused_by_its_size(bare_machine, relative, packed, contents):
    again = gzip.compress(contents[IMAGES], 1, mtime=1)
    put(bare_machine / "named", packed | {f"{IMAGES}.gz": again})
    told = f"has {len(again)} bytes; as published it has {len(packed[f'{IMAGES}.gz'])}"
    with pytest.raises(DataError, match=told):
        relative.read("train", bare_machine / "named", Mirrors(()))


def test_a_wrong_checksum_is_refused_and_an_unverified_checksum_is_mentioned(
    bare_machine, relative, packed, contents
):
    other = gzip.compress(contents[IMAGES], mtime=2)
    put(bare_machine / "named", packed | {f"{IMAGES}.gz": other})
    with pytest.raises(DataError, match="which Someone published; not confirmed by gankit"):
        relative.read("train", bare_machine / "named", Mirrors(()))


def test_a_verified_checksum_is_not_doubted(tmp_path):
    with pytest.raises(DataError) as caught:
        Checksum("0" * 64).check("1" * 64, tmp_path, "file")
    assert "not confirmed" not in str(caught.value)


def test_they_are_downloaded_as_they_are_published(bare_machine, relative, packed, server):
    for name, content in packed.items():
        server.serve(f"good/{name}", content)
    server.serve(f"bad/{IMAGES}.gz", packed[f"{IMAGES}.gz"][:-1] + b"?")
    mirrors = Mirrors((f"{server.url}bad/", f"{server.url}good/"))
    assert relative.fetch(None, mirrors) == [
        bare_machine / "cache" / "relative" / name for name in packed
    ]
    assert server.asked[:2] == [f"bad/{IMAGES}.gz", f"good/{IMAGES}.gz"]
    assert [row.ok for row in relative.verify(None)] == [True] * 4


def test_a_download_longer_than_published_is_stopped(bare_machine, relative, packed, server):
    server.serve(f"{IMAGES}.gz", packed[f"{IMAGES}.gz"] + b"?")
    with pytest.raises(DataError, match="sends more than the"):
        relative.read("train", bare_machine, Mirrors((server.url,)))


def test_verify_reports_a_damaged_file(bare_machine, relative, packed):
    put(bare_machine / "named", packed | {f"{IMAGES}.gz": b"short"})
    rows = relative.verify(bare_machine / "named")
    assert [row.ok for row in rows] == [False, True, True, True]
    assert rows[0].reason.startswith("has 5 bytes; as published")


def test_mnist_s_relatives_have_facts_of_their_own():
    files = [file for module in (mnist, fashion_mnist, kmnist) for file in module.ARCHIVE.files]
    assert len({file.checksum.sha256 for file in files}) == 12
    assert all(set(file.checksum.sha256) <= set("0123456789abcdef") for file in files)
    assert all(len(file.checksum.sha256) == 64 for file in files)
    assert [bool(file.packed) for file in files] == [False] * 4 + [True] * 8


def test_unverified_checksums_name_their_publisher():
    files = [file for module in (fashion_mnist, kmnist) for file in module.ARCHIVE.files]
    assert all(file.checksum.unconfirmed == "TensorFlow Datasets" for file in files)
    assert not any(file.checksum.unconfirmed for file in mnist.ARCHIVE.files)


def test_https_is_asked_first():
    assert fashion_mnist.ARCHIVE.mirrors[0].startswith("https://")
    assert kmnist.ARCHIVE.mirrors[0].startswith("https://")


def test_every_data_set_has_test_images():
    assert all(dataset.test for dataset in BUILTIN)
