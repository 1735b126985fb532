"""CIFAR-10's archive, tested with a small one of the same format."""

import gzip
import io
import tarfile
import tracemalloc
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gankit.data.formats.archives import tar_members
from gankit.data.published import cifar10
from gankit.data.published.archive import Archive
from gankit.data.published.cifar_batches import RECORD, Batches
from gankit.data.published.mirrors import Mirrors
from gankit.errors import DataError

COUNT = 4
NAME = "cifar-10-binary.tar.gz"
MEMBERS = tuple(f"cifar-10-batches-bin/data_batch_{n}.bin" for n in range(1, 6))
TEST = "cifar-10-batches-bin/test_batch.bin"
MIB = 2**20


@pytest.fixture(scope="module")
def photographs():
    """Return 24 images and their labels: five batches, then the test batch."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (6 * COUNT, 32, 32, 3), np.uint8)
    return images, np.arange(6 * COUNT, dtype=np.uint8) % 10


@pytest.fixture(scope="module")
def entries(photographs):
    """Return the archive's files in another order."""
    images, labels = photographs
    # Written out pixel by pixel plane, as the data set's page describes it.
    records = [
        bytes([label]) + image[..., 0].tobytes() + image[..., 1].tobytes() + image[..., 2].tobytes()
        for image, label in zip(images, labels, strict=True)
    ]
    batches = [b"".join(records[start : start + COUNT]) for start in range(0, 6 * COUNT, COUNT)]
    return list(reversed([*zip((*MEMBERS, TEST), batches, strict=True)]))


def tar(entries):
    """Pack entries: each a name with content, or a TarInfo without."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        for name, content in entries:
            entry = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def link(name, target, kind=tarfile.SYMTYPE):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry, b""


@pytest.fixture
def opened(tmp_path, checksum):
    """Return a function that reads batches from an archive with a valid checksum."""

    def read(content, members=MEMBERS):
        path = tmp_path / NAME
        path.write_bytes(content)
        return Batches(NAME, members, COUNT, checksum(content), len(content)).read(path)

    return read


def test_images_and_labels_come_in_the_order_of_the_batches(opened, entries, photographs):
    images, labels = opened(tar(entries))
    assert np.array_equal(images, photographs[0][: 5 * COUNT])
    assert labels.tolist() == photographs[1][: 5 * COUNT].tolist()


def test_a_pixel_is_at_its_documented_position(opened):
    record = bytearray(RECORD)
    record[0], record[1 + 1024 + 32 * 5 + 7] = 3, 200
    batch = bytes(record) + bytes(RECORD * (COUNT - 1))
    images, labels = opened(tar([(TEST, batch)]), (TEST,))
    assert images[0, 5, 7].tolist() == [0, 200, 0]
    assert (images.sum(), labels.tolist()) == (200, [3, 0, 0, 0])


def test_other_entries_and_links_are_skipped(opened, entries, photographs, tmp_path):
    (tmp_path / "secret").write_bytes(bytes(COUNT * RECORD))
    third_party = [
        link(MEMBERS[0], str(tmp_path / "secret")),
        link(MEMBERS[1], MEMBERS[2], tarfile.LNKTYPE),
        link("device", "", tarfile.CHRTYPE),
        ("../evil.bin", b"evil"),
        ("/evil.bin", b"evil"),
        (MEMBERS[0].upper(), bytes(COUNT * RECORD)),
        ("cifar-10-batches-bin/readme.html", b"hello"),
    ]
    images, _ = opened(tar([*third_party, *entries]))
    assert np.array_equal(images, photographs[0][: 5 * COUNT])


def test_nothing_is_extracted(opened, entries, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    opened(tar([("../evil.bin", b"evil"), *entries]))
    assert list(tmp_path.iterdir()) == [tmp_path / NAME]
    assert not (tmp_path.parent / "evil.bin").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda entries: entries[:-1], "has no .*data_batch_1.bin"),
        (lambda entries: [*entries, entries[-1]], "has .*data_batch_1.bin twice"),
        (lambda entries: [(n, c[:-1]) for n, c in entries], f"not {COUNT * RECORD}"),
        (lambda entries: [(n, c + b"?") for n, c in entries], f"not {COUNT * RECORD}"),
        (lambda entries: [link(MEMBERS[0], "x"), *entries[:-1]], "has no .*data_batch_1.bin"),
    ],
    ids=["missing", "twice", "short", "long", "a link instead"],
)
def test_an_archive_with_other_files_is_refused(opened, entries, change, said):
    with pytest.raises(DataError, match=said):
        opened(tar(change(entries)))


def test_an_archive_cut_short_is_refused(opened, entries):
    whole = tar(entries)
    with pytest.raises(DataError, match="cannot be read"):
        opened(whole[: len(whole) // 2])


def test_a_file_that_is_not_an_archive_is_refused(opened):
    with pytest.raises(DataError, match="cannot be read"):
        opened(gzip.compress(b"no tar" * 1000))


def test_an_archive_with_another_checksum_is_not_opened(tmp_path, entries, checksum, monkeypatch):
    content = tar(entries)
    (tmp_path / NAME).write_bytes(content)
    batches = Batches(NAME, MEMBERS, COUNT, checksum(b"other"), len(content))
    monkeypatch.setattr(tarfile, "open", lambda **_: pytest.fail("opened"))
    with pytest.raises(DataError, match="its contents are not cifar-10-binary"):
        batches.read(tmp_path / NAME)


def test_a_bomb_is_refused_and_skipped_entries_are_not_in_memory(tmp_path):
    path = tmp_path / NAME
    path.write_bytes(tar([("padding", bytes(32 * MIB)), ("wanted", b"here")]))
    assert path.stat().st_size < MIB
    tracemalloc.start()
    try:
        assert list(tar_members(path, {"wanted": 4}, 40 * MIB)) == [("wanted", b"here")]
        assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    finally:
        tracemalloc.stop()
    with pytest.raises(DataError, match="unpacks to more than the expected 1048576 bytes"):
        list(tar_members(path, {"wanted": 4}, MIB))


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_archive_gives_its_files_or_a_data_error(tmp_path, data):
    unpacked = bytearray(gzip.decompress(tar([("a", b"0" * 600), link("b", "a"), ("c", b"1")])))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, 2600))
        unpacked[place] ^= data.draw(st.integers(1, 255))
    (tmp_path / NAME).write_bytes(gzip.compress(bytes(unpacked), 1))
    with suppress(DataError):
        found = dict(tar_members(tmp_path / NAME, {"a": 600, "c": 1}, MIB))
        assert {name: len(content) for name, content in found.items()} == {"a": 600, "c": 1}


@pytest.fixture
def small(entries, checksum):
    """Return the archive of a small CIFAR-10, and its bytes."""
    content = tar(entries)
    splits = {
        split: (Batches(NAME, members, COUNT, checksum(content), len(content)),)
        for split, members in (("train", MEMBERS), ("test", (TEST,)))
    }
    return Archive("cifar10", splits, (), (), cifar10.CLASS_NAMES), content


def test_both_splits_come_from_one_download(bare_machine, small, server, photographs):
    archive, content = small
    mirrors = Mirrors((server.url,))
    server.serve(NAME, content)
    assert archive.fetch(None, mirrors) == [bare_machine / "cache" / "cifar10" / NAME]
    train, test = archive.read("train"), archive.read("test")
    assert server.asked == [NAME]
    assert np.array_equal(train.images, photographs[0][: 5 * COUNT])
    assert np.array_equal(test.images, photographs[0][5 * COUNT :])
    assert (train.classes, train.class_names[3]) == (10, "cat")
    assert [(row.file, row.ok) for row in archive.verify(None)] == [(NAME, True)]


@pytest.mark.usefixtures("bare_machine")
def test_a_label_above_nine_is_refused(checksum, server):
    content = tar([(TEST, bytes([10]) * RECORD * COUNT)])
    batches = Batches(NAME, (TEST,), COUNT, checksum(content), len(content))
    server.serve(NAME, content)
    with pytest.raises(DataError, match="label 10 is above 9"):
        Archive("c", {"test": (batches,)}, (), ()).read("test", None, Mirrors((server.url,)))


def test_the_description_of_cifar10_is_correct():
    train, test = (cifar10.ARCHIVE.splits[split][0] for split in ("train", "test"))
    assert (len(train.members) * train.count, len(test.members) * test.count) == (50000, 10000)
    assert train.name == test.name == NAME
    assert train.limit == 170052171
    assert len(cifar10.CLASS_NAMES) == 10
