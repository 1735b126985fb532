import tracemalloc
import warnings
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gankit.data import ImageOptions, own
from gankit.errors import DataError
from gankit.file_array import FileArray
from tests.crash.figures import figure

COLOUR = np.arange(6 * 4 * 5 * 3, dtype=np.uint8).reshape(6, 4, 5, 3)
LABELS = np.array([0, 1, 2, 0, 1, 2], np.int16)
FUZZ = settings(
    max_examples=figure(100, 500),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def saved(tmp_path):
    """Save an array, and perhaps labels beside it; return where."""

    def save(images, labels=None):
        np.save(tmp_path / "mine.npy", images)
        if labels is not None:
            np.save(tmp_path / "mine.labels.npy", labels)
        return tmp_path / "mine.npy"

    return save


@pytest.mark.parametrize(
    ("images", "shape"),
    [(COLOUR, (6, 4, 5, 3)), (COLOUR[..., :1].copy(), (6, 4, 5, 1)), (COLOUR[..., 0].copy(), None)],
)
def test_an_npy_file_is_read_as_it_is_asked_for(saved, images, shape):
    data = own(saved(images))
    assert isinstance(data.images, FileArray)
    assert data.images.shape == (shape or (6, 4, 5, 1))
    assert np.array_equal(data.images[:].ravel(), images.ravel())
    assert (data.labels, data.classes) == (None, 0)
    assert "mine.npy" in data.source


def test_images_in_a_file_cannot_be_written_to(saved):
    path = saved(COLOUR)
    with pytest.raises(TypeError):
        own(path).images[0] = 255
    assert np.array_equal(own(path).images, COLOUR)


def test_a_set_in_a_file_is_not_held_in_memory(saved):
    path = saved(np.zeros((64, 128, 128, 3), np.uint8))
    tracemalloc.start()
    try:
        data = own(path)
        assert data.images[[3, 60]].shape == (2, 128, 128, 3)
        assert tracemalloc.get_traced_memory()[1] < data.images.nbytes / 8
        np.array(data.images)  # The measure does see an array that is held.
        assert tracemalloc.get_traced_memory()[1] >= data.images.nbytes
    finally:
        tracemalloc.stop()


def test_labels_beside_an_npy_file_are_read(saved):
    data = own(saved(COLOUR, LABELS))
    assert (data.labels.tolist(), data.labels.dtype) == (LABELS.tolist(), np.int64)
    assert (data.classes, data.class_names) == (3, ())


def test_names_of_classes_beside_it_are_read(saved):
    path = saved(COLOUR, LABELS)
    path.with_name("mine.classes.json").write_text('["a", "b", "c", "ü"]', "utf-8")
    assert own(path).class_names == ("a", "b", "c", "ü")
    assert own(path).classes == 4


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}', "[1, 2, 3]", "\ud800", "[" * 100000])
def test_a_damaged_list_of_names_is_a_data_error(saved, text):
    path = saved(COLOUR, LABELS)
    path.with_name("mine.classes.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(DataError, match=r"mine\.classes\.json: "):
        own(path)


@pytest.mark.parametrize("keys", [("images", "labels"), ("x_train", "y_train")])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_npz_file_is_read(tmp_path, keys, save):
    save(tmp_path / "mine.npz", **dict(zip(keys, (COLOUR, LABELS), strict=True)), x_test=COLOUR[:2])
    data = own(tmp_path / "mine.npz")
    assert np.array_equal(data.images, COLOUR)
    assert data.labels.tolist() == LABELS.tolist()


def test_an_npz_file_needs_no_labels(tmp_path):
    np.savez(tmp_path / "mine.npz", images=COLOUR, y_train=LABELS)
    assert own(tmp_path / "mine.npz").labels is None


def test_an_npz_file_without_images_is_told_what_it_has(tmp_path):
    np.savez(tmp_path / "mine.npz", pictures=COLOUR, other=LABELS)
    with pytest.raises(DataError, match="no array images or x_train; it has pictures, other"):
        own(tmp_path / "mine.npz")


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (COLOUR.transpose(0, 3, 1, 2).copy(), r"channels first; save images.transpose\(0, 2, 3, 1"),
        (np.zeros((6, 1, 4, 5), np.uint8), "channels first"),
        (COLOUR / np.float32(255), "images are float32; save them as uint8"),
        (COLOUR.astype(np.int64), "images are int64; save them as uint8"),
        (COLOUR > 5, "images are bool"),
        (np.zeros((6, 4, 5, 2), np.uint8), r"images are \(6, 4, 5, 2\), not \(N"),
        (np.zeros((6, 4, 5, 4), np.uint8), r"images are \(6, 4, 5, 4\), not \(N"),
        (np.zeros((6, 20), np.uint8), r"images are \(6, 20\), not"),
        (np.zeros((0, 4, 5, 1), np.uint8), "one image or more"),
        (np.zeros((6, 0, 5), np.uint8), r"\(6, 0, 5\)"),
        (np.uint8(3), r"images are \(\), not"),
        (np.asfortranarray(COLOUR), "Fortran order"),
    ],
)
def test_an_array_that_is_no_set_of_images_is_refused_in_both_forms(saved, tmp_path, images, said):
    np.savez(tmp_path / "mine.npz", images=images)
    for path in (saved(images), tmp_path / "mine.npz"):
        with pytest.raises(DataError, match=said) as caught:
            own(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (LABELS[:5], "6 images but 5 labels"),
        (LABELS[:, np.newaxis], r"labels are int16 \(6, 1\), not integers"),
        (LABELS / 2, "labels are float64"),
        (LABELS - 1, "label -1 is below 0"),
    ],
)
def test_labels_that_do_not_fit_are_refused_in_both_forms(saved, tmp_path, labels, said):
    np.savez(tmp_path / "mine.npz", images=COLOUR, labels=labels)
    for path in (saved(COLOUR, labels), tmp_path / "mine.npz"):
        with pytest.raises(DataError, match=said):
            own(path)


def test_a_label_without_a_name_is_refused(saved):
    path = saved(COLOUR, LABELS)
    path.with_name("mine.classes.json").write_text('["a", "b"]', "utf-8")
    with pytest.raises(DataError, match="label 2, but only 2 classes are named"):
        own(path)


@pytest.mark.parametrize("name", ["mine.npy", "mine.npz"])
def test_pickles_are_refused(tmp_path, name):
    harmful = np.array([{"a": 1}], object)
    if name == "mine.npy":
        np.save(tmp_path / name, harmful, allow_pickle=True)
    else:
        np.savez(tmp_path / name, images=harmful)
    with pytest.raises(DataError, match="cannot be read"):
        own(tmp_path / name)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (ImageOptions(size=(5, 4)), "height x width 5x4 is wanted"),
        (ImageOptions(channels=1), "1 as the number of channels is wanted"),
    ],
)
def test_arrays_are_not_converted(saved, options, said):
    path = saved(COLOUR)
    assert len(own(path, ImageOptions((4, 5), 3))) == 6
    with pytest.raises(
        DataError, match=rf"images are \(4, 5, 3\), but {said}; arrays are not converted"
    ):
        own(path, options)


def test_a_file_of_the_other_form_is_a_data_error(tmp_path):
    np.savez(tmp_path / "zip.npz", images=COLOUR)
    (tmp_path / "zip.npz").rename(tmp_path / "zip.npy")
    np.save(tmp_path / "plain.npy", COLOUR)
    (tmp_path / "plain.npy").rename(tmp_path / "plain.npz")
    for name in ("zip.npy", "plain.npz"):
        with pytest.raises(DataError, match="cannot be read"):
            own(tmp_path / name)


def test_a_header_that_lies_costs_no_memory(saved):
    path = saved(COLOUR)
    lie = path.read_bytes().replace(b"(6, 4, 5, 3), ", b"(99999999999,)")
    assert lie != path.read_bytes()
    path.write_bytes(lie)
    with zipfile.ZipFile(path.with_suffix(".npz"), "w") as archive:
        archive.writestr("images.npy", lie)
    for mine in (path, path.with_suffix(".npz")):
        with pytest.raises(DataError, match="cannot be read"):
            own(mine)


def damaged(data, content):
    """Change some bytes, cut the end off, or both."""
    content = bytearray(content)
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    return bytes(content[: data.draw(st.integers(0, len(content)))])


@FUZZ
@given(data=st.data())
def test_a_damaged_npy_file_gives_images_or_a_data_error(tmp_path, data):
    np.save(tmp_path / "whole.npy", COLOUR[:2])
    content = (tmp_path / "whole.npy").read_bytes()
    check(tmp_path / "mine.npy", damaged(data, content))


@FUZZ
@given(text=st.one_of(st.text(max_size=60), st.from_regex(r"[({'\[,:\]})0-9u L]{0,50}")))
def test_a_header_of_anything_gives_a_data_error(tmp_path, text):
    header = text.encode("latin1", "replace")
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    check(tmp_path / "mine.npy", content)


@FUZZ
@given(data=st.data())
def test_a_damaged_npz_file_gives_images_or_a_data_error(tmp_path, data):
    np.savez(tmp_path / "whole.npz", images=COLOUR[:2], labels=LABELS[:2])
    content = (tmp_path / "whole.npz").read_bytes()
    check(tmp_path / "mine.npz", damaged(data, content))


def check(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with warnings.catch_warnings(), suppress(DataError):
        warnings.simplefilter("ignore")  # NumPy warns of headers that Python 2 wrote.
        data = own(path)
        assert (data.images.dtype, data.images.ndim) == (np.uint8, 4)
