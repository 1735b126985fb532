import gzip
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gankit.data.formats import idx
from gankit.errors import DataError, StorageError
from tests.crash.repetitions import short_or_full

BYTES = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=4, max_side=6))
QUICK = settings(max_examples=short_or_full(150, 500), deadline=None)


@QUICK
@given(BYTES)
def test_any_array_of_bytes_is_read_back_equal(values):
    assert np.array_equal(idx.decode(idx.encode(values), "file"), values)


@QUICK
@given(BYTES, st.booleans())
def test_a_written_file_reads_back_packed_or_plain(tmp_path_factory, values, packed):
    path = tmp_path_factory.mktemp("idx") / ("file.gz" if packed else "file")
    idx.write(path, values)
    assert (path.read_bytes()[:2] == b"\x1f\x8b") == packed
    assert np.array_equal(idx.read(path), values)


@QUICK
@given(st.binary(max_size=64) | st.binary(max_size=64).map(lambda tail: b"\0\0\x08\x01" + tail))
def test_random_bytes_are_an_array_or_a_data_error(content):
    with suppress(DataError):
        assert idx.encode(idx.decode(content, "file")) == content


@QUICK
@given(BYTES, st.data())
def test_a_file_of_any_other_length_is_refused(values, data):
    content = idx.encode(values)
    cut = data.draw(st.integers(0, len(content) - 1))
    for other in (content[:cut], content + b"\0"):
        with pytest.raises(DataError):
            idx.decode(other, "file")


def test_a_header_has_the_published_magic_number():
    assert idx.header((60000, 28, 28)).hex() == "000008030000ea600000001c0000001c"


def test_a_decoded_array_can_be_written_to():
    values = idx.decode(idx.encode(np.zeros(3, np.uint8)), "file")
    values[0] = 1
    assert values.tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not an IDX file; it begins with nothing"),
        (b"\x89PNG----", "not an IDX file; it begins with 89504e47"),
        (b"\0\0\x0d\x01\0\0\0\0", "type 0x0d"),
        (b"\0\0\x08\x00", "0 dimensions"),
        (b"\0\0\x08\x03\0\0\0\1", "3 dimensions is incomplete"),
        (b"\0\0\x08\x01\0\0\0\2?", "has 9 bytes, but its header describes 10"),
        (b"\0\0\x08\x04" + b"\xff" * 16, "has 20 bytes"),
    ],
)
def test_an_error_names_the_file_and_what_is_wrong(content, said):
    with pytest.raises(DataError, match=r"^some/file: ") as caught:
        idx.decode(content, "some/file")
    assert said in str(caught.value)


def test_a_gzip_file_is_recognised_by_its_contents(tmp_path):
    (tmp_path / "plain.gz").write_bytes(idx.encode(np.arange(3, dtype=np.uint8)))
    (tmp_path / "packed").write_bytes(gzip.compress(idx.encode(np.arange(3, dtype=np.uint8))))
    assert idx.read(tmp_path / "plain.gz").tolist() == [0, 1, 2]
    assert idx.read(tmp_path / "packed").tolist() == [0, 1, 2]


def test_a_file_above_the_limit_is_refused(tmp_path):
    idx.write(tmp_path / "file", np.zeros(100, np.uint8))
    assert len(idx.read(tmp_path / "file", limit=108)) == 100
    with pytest.raises(DataError, match="more than the expected 107 bytes"):
        idx.read(tmp_path / "file", limit=107)


def test_writing_into_a_missing_folder_is_a_storage_error(tmp_path):
    with pytest.raises(StorageError, match="cannot write"):
        idx.write(tmp_path / "missing" / "file", np.zeros(1, np.uint8))


IMAGES, LABELS = np.zeros((2, 3, 3), np.uint8), np.array([0, 9], np.uint8)


def test_images_and_labels_make_an_image_set():
    data = idx.labelled(IMAGES, LABELS, "here")
    assert (data.images.shape, data.images.dtype) == ((2, 3, 3, 1), np.uint8)
    assert (data.labels.tolist(), data.labels.dtype) == ([0, 9], np.int64)


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (IMAGES, LABELS[:1], "got 1 label; expected 2"),
        (IMAGES, LABELS + np.uint8(1), "label 10 is above 9"),
        (LABELS, IMAGES, "1 and 3 dimensions"),
    ],
)
def test_images_and_labels_of_different_counts_are_refused(images, labels, said):
    with pytest.raises(DataError, match=f"^here: .*{said}"):
        idx.labelled(images, labels, "here")
