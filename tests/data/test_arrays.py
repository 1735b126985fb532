import tracemalloc
import warnings
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gankit._utils.file_array import FileArray
from gankit.data import ImageOptions, own
from gankit.data.labels import without_gaps
from gankit.errors import DataError
from tests.crash.repetitions import short_or_full

COLOUR = np.arange(6 * 4 * 5 * 3, dtype=np.uint8).reshape(6, 4, 5, 3)
LABELS = np.array([0, 1, 2, 0, 1, 2], np.int16)
FUZZ = settings(
    max_examples=short_or_full(100, 500),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def saved(tmp_path):
    """Save an array, and optionally labels beside it; return its path."""

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
def test_an_npy_file_is_read_on_demand(saved, images, shape):
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


def test_a_data_set_in_a_file_is_not_in_memory(saved):
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


@pytest.mark.parametrize("arrays", [{"other": LABELS}, {"one": COLOUR, "two": COLOUR}, {}])
def test_an_npz_without_images_lists_its_arrays_and_how_to_choose_one(tmp_path, arrays):
    np.savez(tmp_path / "mine.npz", **arrays)
    held = ", ".join(arrays) or "nothing"
    with pytest.raises(
        DataError, match=f"images or x_train; it has {held}; name the .* --images-k"
    ):
        own(tmp_path / "mine.npz")


def test_the_only_images_of_an_npz_file_are_used_whatever_their_name(tmp_path):
    np.savez(tmp_path / "mine.npz", data=COLOUR, target=LABELS)
    data = own(tmp_path / "mine.npz")
    assert np.array_equal(data.images, COLOUR)
    assert data.labels is None
    assert "not read: target (--labels-key names the labels)" in data.source


def test_arrays_of_an_npz_file_can_be_named(tmp_path):
    np.savez(tmp_path / "mine.npz", images=COLOUR[:2], X=COLOUR, y=LABELS, labels=LABELS[:2])
    data = own(tmp_path / "mine.npz", ImageOptions(images_key="X", labels_key="y"))
    assert (len(data), data.labels.tolist()) == (6, LABELS.tolist())
    for key in ("images_key", "labels_key"):
        with pytest.raises(DataError, match="has no array 'Z'; it has images, X, y, labels"):
            own(tmp_path / "mine.npz", ImageOptions(**{key: "Z"}))


def test_a_key_is_refused_for_a_file_of_one_array(saved):
    with pytest.raises(DataError, match="has no array 'X', because it is one array"):
        own(saved(COLOUR), ImageOptions(images_key="X"))


@pytest.mark.parametrize("channels", [2, 4, 6])
def test_images_may_have_any_number_of_channels(saved, channels):
    images = np.zeros((6, 14, 15, channels), np.uint8)
    assert own(saved(images)).images.shape == images.shape


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.zeros((6, 3, 24, 25), np.uint8), r"channels first; .* images.transpose\(0, 2, 3, 1\)"),
        (np.zeros((6, 1, 8, 9), np.uint8), "channels first"),
        (np.zeros((64, 48, 3), np.uint8), r"give images\[np.newaxis\] if it is one picture"),
        (np.zeros((6, 20), np.uint8), r"got images of shape \(6, 20\); expected \(N, height"),
        (np.zeros((0, 4, 5, 1), np.uint8), "one image or more"),
        (np.zeros((6, 0, 5), np.uint8), r"\(6, 0, 5\)"),
        (np.uint8(3), r"got images of shape \(\); expected"),
        (np.asfortranarray(COLOUR), "Fortran order"),
        (COLOUR.astype("S3"), "got |S3; expected uint8"),
        (COLOUR.astype(complex), "got complex128; expected uint8"),
    ],
)
def test_an_array_that_is_not_images_is_refused_in_both_formats(saved, tmp_path, images, said):
    np.savez(tmp_path / "mine.npz", images=images)
    for path in (saved(images), tmp_path / "mine.npz"):
        with pytest.raises(DataError, match=said) as caught:
            own(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (LABELS[:5], "got 5 labels; expected 6"),
        (LABELS / 2, r"real numbers such as 0.5; .* give np.unique\(labels, return_inverse=True\)"),
        (LABELS - 2, "got label -2; expected at least 0, or -1 for none; give np.unique"),
        (np.full((6, 2), np.inf), r"got label .* of image 0; leave such images out"),
        (np.zeros((6, 2, 2), int), r"got labels of shape \(6, 2, 2\); expected \(N,\)"),
        (
            LABELS.astype(complex),
            "got labels of complex128; expected whole numbers from 0 on, or names",
        ),
        (np.full(6, 2**63, np.uint64), "is too large"),
    ],
)
def test_wrong_labels_are_refused_in_both_formats(saved, tmp_path, labels, said):
    np.savez(tmp_path / "mine.npz", images=COLOUR, labels=labels)
    for path in (saved(COLOUR, labels), tmp_path / "mine.npz"):
        with pytest.raises(DataError, match=said):
            own(path)


RAMP = np.linspace(0, 1, 6 * 4 * 5).reshape(6, 4, 5)


@pytest.mark.parametrize(
    ("images", "way", "levels"),
    [
        (COLOUR > 5, "images * np.uint8(255)", (0, 255)),
        (COLOUR.astype(np.int64), "images.astype(np.uint8)", (0, 255)),
        ((RAMP * 60000).astype(np.uint16), "np.uint8(images >> 8)", (0, 234)),
        (
            (RAMP * 4095).astype(np.uint16),
            "np.uint8(np.rint(images * (255.0 / images.max())))",
            None,
        ),
        (RAMP, "np.uint8(np.rint(images * 255))", None),
        ((RAMP > 0.5).astype(np.int32), "np.uint8(np.rint(images * 255))", None),
        (RAMP * 2 - 1, "np.uint8(np.rint(images * 127.5 + 127.5))", None),
        ((RAMP * 255).astype(np.float32), "np.uint8(np.rint(images))", None),
        (
            RAMP * 9 - 5,
            "np.uint8(np.rint((images - images.min()) * (255.0 / np.ptp(images))))",
            None,
        ),
    ],
)
def test_other_number_types_are_refused_with_the_remedy(saved, images, way, levels):
    with pytest.raises(DataError) as caught:
        own(saved(images))
    assert str(caught.value).endswith(f"expected uint8, 0 to 255; save {way}")
    made = eval(way, {"np": np, "images": images})  # noqa: S307 - what a message says.
    assert made.dtype == np.uint8
    assert (made.min(), made.max()) == (levels or (0, 255))


def test_nan_is_named_with_its_first_image(saved):
    images = RAMP.copy()
    images[4, 0, 0] = np.nan
    with pytest.raises(
        DataError, match="image 4 has a value that is not a finite number, NaN or an infinity"
    ):
        own(saved(images))


WORDS = np.array(["cat", "dog", "ant"])[LABELS]
FORMS = {
    "a column": (LABELS[:, np.newaxis], LABELS, ()),
    "one-hot": (np.eye(3)[LABELS], LABELS, ()),
    "whole real numbers": (LABELS.astype(np.float32), LABELS, ()),
    "bool": (LABELS > 0, LABELS > 0, ("False", "True")),
    "names": (WORDS, np.array([1, 2, 0])[LABELS], ("ant", "cat", "dog")),
    "names as bytes": (WORDS.astype("S"), np.array([1, 2, 0])[LABELS], ("ant", "cat", "dog")),
    "numbers as names": (
        np.array(["2", "10", "9"])[LABELS],
        np.array([0, 2, 1])[LABELS],
        ("2", "9", "10"),
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_labels_are_accepted_in_the_forms_of_other_libraries(saved, tmp_path, form):
    labels, right, names = FORMS[form]
    np.savez(tmp_path / "mine.npz", images=COLOUR, labels=labels)
    for path in (saved(COLOUR, labels), tmp_path / "mine.npz"):
        data = own(path)
        assert data.labels.tolist() == right.tolist()
        assert data.class_names == names


@pytest.mark.parametrize(
    ("labels", "names", "numbers", "kept"),
    [
        (np.arange(4) + 1, (), [0, 1, 2, 3], ("1", "2", "3", "4")),
        (np.array([0, 5, 9]), (), [0, 1, 2], ("0", "5", "9")),
        (np.array([10**12, 0]), (), [1, 0], ("0", str(10**12))),
        (np.array([0, 2]), ("cat", "dog", "owl"), [0, 1], ("cat", "owl")),
        (np.array([1, 0]), (), [1, 0], ()),
        (np.array([1, 0]), ("cat", "dog"), [1, 0], ("cat", "dog")),
    ],
)
def test_classes_without_images_are_left_out(labels, names, numbers, kept):
    found, left = without_gaps(labels, names)
    assert (found.tolist(), left) == (numbers, kept)


def test_a_label_without_a_name_is_refused(saved):
    path = saved(COLOUR, LABELS)
    path.with_name("mine.classes.json").write_text('["a", "b"]', "utf-8")
    with pytest.raises(DataError, match="label 2, but only 2 class names"):
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
        (ImageOptions(size=(5, 4)), r"expected \(5, 4, 3\)"),
        (ImageOptions(channels=1), r"expected \(4, 5, 1\)"),
    ],
)
def test_arrays_are_not_converted(saved, options, said):
    path = saved(COLOUR)
    assert len(own(path, ImageOptions((4, 5), 3))) == 6
    with pytest.raises(
        DataError,
        match=rf"got images of \(4, 5, 3\); {said}; arrays are not converted: save .* size",
    ):
        own(path, options)


def test_a_file_of_the_other_format_is_a_data_error(tmp_path):
    np.savez(tmp_path / "zip.npz", images=COLOUR)
    (tmp_path / "zip.npz").rename(tmp_path / "zip.npy")
    np.save(tmp_path / "plain.npy", COLOUR)
    (tmp_path / "plain.npy").rename(tmp_path / "plain.npz")
    for name in ("zip.npy", "plain.npz"):
        with pytest.raises(DataError, match="cannot be read"):
            own(tmp_path / name)


def test_a_false_header_allocates_no_memory(saved):
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
def test_a_random_header_gives_a_data_error(tmp_path, text):
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
