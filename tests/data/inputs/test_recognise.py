"""Images given from Python are recognised by what they offer."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gankit.data import ImageOptions
from gankit.data.inputs import pictures
from gankit.data.memory_data import memory_data
from gankit.errors import ConfigError

random = np.random.default_rng(0)
COLOUR = random.integers(0, 256, (40, 10, 12, 3), np.uint8)
GREY = random.integers(0, 256, (40, 10, 12, 1), np.uint8)
CHANNELS_FIRST = np.moveaxis(COLOUR, 3, 1)
LABELS = np.arange(40) % 4
NAMES = ("ant", "bee", "cat", "dog")
PICTURES = [Image.fromarray(pixels) for pixels in COLOUR]


class ByNumber:
    """Like a data set of torchvision: a length, items by number, and names of classes."""

    def __init__(self):
        self.classes = list(NAMES)

    def __len__(self):
        return 40

    def __getitem__(self, number):
        return PICTURES[number], int(LABELS[number])


class RandomSampler:
    """Like torch's sampler of a loader with shuffle=True."""

    replacement, num_samples = False, 40

    def __init__(self, data):
        self.data_source = data


def default_collate(items):
    """Like torch's function that stacks items."""
    images, labels = zip(*items, strict=True)
    return np.stack([np.asarray(image) for image in images]), np.array(labels)


class Loader:
    """Like torch's DataLoader."""

    batch_size = 7
    collate_fn = staticmethod(default_collate)

    def __init__(self, sampler=None):
        self.dataset = ByNumber()
        self.sampler = sampler and sampler(self.dataset)

    def __iter__(self):
        order = range(40) if self.sampler is None else random.permutation(40)
        items = [self.dataset[number] for number in order]
        return (default_collate(items[i : i + 7]) for i in range(0, 40, 7))


class Tensors:
    """Like a data set of tf.data: arrays, and a number of items that may be unknown."""

    element_spec = None

    def __init__(self, *items, length=-2):
        self.items, self.length = items, length

    def as_numpy_iterator(self):
        return iter(self.items)

    def cardinality(self):
        return np.array(self.length)


class ClassLabel:
    """Like the feature of Hugging Face that has the names of classes."""

    def __init__(self):
        self.names = list(NAMES)


class Columns:
    """Like a data set of Hugging Face: features by column, and items that are mappings."""

    def __init__(self):
        image = type("Image", (), {})()
        self.features = {"file": object(), "kind": ClassLabel(), "drawing": image}
        self.column_names = list(self.features)

    def __len__(self):
        return 40

    def __iter__(self):
        rows = zip(PICTURES, LABELS.tolist(), strict=True)
        return ({"file": "?", "kind": label, "drawing": picture} for picture, label in rows)


class Offers:
    """Like a tensor that only offers DLPack."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **words):
        return self.array.__dlpack__(**words)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class OnGpu:
    """Like a tensor of torch on a GPU, with gradients."""

    def __array__(self, *_args, **_more):
        raise TypeError("can't convert cuda:0 device type tensor to numpy")

    def detach(self):
        return self

    def cpu(self):
        return COLOUR


@pytest.mark.parametrize(
    "given",
    [
        COLOUR, CHANNELS_FIRST, Offers(COLOUR), OnGpu(), list(COLOUR), tuple(COLOUR), PICTURES,
        COLOUR.tolist(), iter(COLOUR), iter(CHANNELS_FIRST),
        (COLOUR[i : i + 9] for i in range(0, 40, 9)),
        Tensors(*COLOUR), Tensors(COLOUR[:30], COLOUR[30:]),
        iter([PICTURES[:20], PICTURES[20:]]), iter([list(COLOUR[:20]), list(COLOUR[20:])]),
    ],
    ids=lambda given: type(given).__name__,
)  # fmt: skip
def test_every_form_of_the_same_images_has_one_digest(given):
    assert memory_data(given).digest == memory_data(COLOUR).digest


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ((COLOUR, LABELS), ()),
        ((CHANNELS_FIRST, LABELS.tolist()), ()),
        (list(zip(PICTURES, LABELS, strict=True)), ()),
        (list(zip(COLOUR, [NAMES[i] for i in LABELS], strict=True)), NAMES),
        (zip(COLOUR, np.eye(4)[LABELS], strict=True), ()),
        (ByNumber(), NAMES),
        (Loader(), NAMES),
        (Loader(RandomSampler), NAMES),
        (Columns(), NAMES),
        (Tensors((COLOUR[:9], LABELS[:9]), (COLOUR[9:], LABELS[9:])), ()),
        (Tensors({"image": COLOUR, "label": LABELS}), ()),
    ],
    ids=lambda given: type(given).__name__,
)
def test_labels_and_names_of_classes_are_found(given, names):
    data = memory_data(given)
    assert data.digest == memory_data(COLOUR, LABELS).digest
    assert data.class_names == names


def test_batches_of_grey_pictures_without_channels_are_recognised():
    expected = memory_data(GREY).digest
    assert memory_data(Tensors(GREY[:30, ..., 0], GREY[30:, ..., 0])).digest == expected
    assert memory_data([Image.fromarray(pixels[..., 0]) for pixels in GREY]).digest == expected


def test_pictures_of_two_channels_are_not_taken_for_batches():
    assert memory_data(iter(COLOUR[..., :2])).images.shape == (40, 10, 12, 2)


def test_items_whose_columns_were_renamed_are_read_by_the_usual_names():
    class Transformed(Columns):
        def __iter__(self):
            return ({"pixel_values": pixels, "labels": 1} for pixels in CHANNELS_FIRST)

    data = memory_data(Transformed())
    assert data.digest == memory_data(COLOUR, [0] * 40).digest


def test_a_mapped_array_stays_mapped_with_channels_first(tmp_path):
    np.save(tmp_path / "first.npy", CHANNELS_FIRST)
    mapped = np.load(tmp_path / "first.npy", mmap_mode="r")
    data = memory_data(mapped)
    assert isinstance(data.images, np.memmap)
    assert data.digest == memory_data(COLOUR).digest


def test_a_line_says_what_was_recognised_and_changed():
    said = []
    memory_data((picture / 255 for picture in CHANNELS_FIRST), tell=said.append)
    assert said == [
        "images: 40 images of 10x12x3, from a generator; channels first, transposed; real numbers "
        "in [0, 1], converted to 0 to 255"
    ]


def test_a_plain_array_is_neither_copied_nor_announced():
    said = []
    assert memory_data(COLOUR, tell=said.append).images is COLOUR
    assert not said


def test_labels_that_are_not_used_are_announced():
    said = []
    data = memory_data(Loader(), None, tell=said.append)
    assert data.labels is None
    assert said[0].endswith("; labels=True uses their labels")


def test_labels_of_other_forms_than_classes_are_left_out():
    assert memory_data([(picture, {"box": 1}) for picture in PICTURES]).labels is None


def test_given_labels_replace_those_of_the_images():
    data = memory_data(ByNumber(), (label for label in LABELS[::-1]))
    assert data.labels.tolist() == LABELS[::-1].tolist()
    assert not data.class_names


def test_pictures_of_several_sizes_need_a_size():
    several = [PICTURES[0], PICTURES[1].resize((5, 6))]
    with pytest.raises(ConfigError, match=r"the first is 10x12x3, number 1 is 6x5x3; resize them"):
        memory_data(several)
    data = memory_data(several, options=ImageOptions(size=(4, 4), channels=1))
    assert data.images.shape == (2, 4, 4, 1)


def test_pictures_of_other_channels_name_how_to_convert_them():
    pictures = [Image.new(mode, (6, 5)) for mode in ("RGB", "L")]
    with pytest.raises(ConfigError, match="5x6x1; give them one number of channels") as refused:
        memory_data(pictures)
    assert "{'channels': 3}" in str(refused.value)
    assert memory_data(pictures, options=ImageOptions(channels=3)).images.shape == (2, 5, 6, 3)


def test_pictures_of_pillow_become_grey_or_colour_like_files():
    palette = PICTURES[0].convert("P")
    clear = Image.new("RGBA", (12, 10), (200, 100, 50, 0))
    data = memory_data([palette, clear])
    assert np.array_equal(data.images[0], np.asarray(palette.convert("RGB")))
    assert not data.images[1].any()
    deep = Image.fromarray(np.full((4, 4), 0x1234, np.uint16))
    assert memory_data([deep, deep.copy()]).images[0, 0, 0, 0] == 0x12
    with pytest.raises(ConfigError, match="got a picture of mode F; expected 8 or 16 bits"):
        memory_data([PICTURES[0].convert("F")])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "images: got None; expected an array (N, height, width, channels), a list"),
        (7, "images: got 7; expected an array"),
        ({"train": COLOUR, "test": GREY}, "give one of its values: train, test"),
        ("faces.npy", "give np.load(path), or gankit.train(dataset=path)"),
        (lambda: iter(COLOUR), "call it, and give what it returns"),
        (PICTURES[0], "got PIL Image; expected an array"),
        ([COLOUR[0], None], "images: item 1 is None; expected a picture"),
        (["a.png"], "images: item 0 is 'a.png'; expected a picture"),
        ([Path("a.png")], "with its label; give the folder, or open it: PIL.Image.open(path)"),
        (iter(()), "without images; expected one or more"),
        ([], "got images of shape (0,)"),
        (Tensors(length=-1), "without an end; give dataset.take(count)"),
        (iter([{"pixels": COLOUR[0]}]), "got items with pixels; expected one of image, images"),
        (np.zeros((4, 2, 8, 8), np.uint8), "channels first; expected"),
        (np.ma.masked_array(COLOUR, COLOUR == 0), "got an array with masked values"),
        ((COLOUR, LABELS[:39]), "labels: got 39; expected 40, one for each image"),
        ((COLOUR, [*LABELS, 0]), "labels: got 41; expected 40, one for each image"),
    ],
    ids=lambda given: type(given).__name__,
)
def test_other_objects_are_refused_in_one_line(given, said):
    with pytest.raises(ConfigError) as refused:
        memory_data(given)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_source_without_an_end_is_refused(monkeypatch):
    monkeypatch.setattr(pictures, "MOST_PICTURES", 1000)
    with pytest.raises(ConfigError, match=r"more than 1,000 .* give itertools.islice\(images"):
        memory_data(np.zeros((300, 300, 1), np.uint8) for _ in count())


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (LABELS[:39], "labels: got 39; expected 40, one for each image"),
        ({"a": 1}, r"labels: got dict of 1; expected an array \(N,\), or a list"),
        ([None] * 40, "got list of 40, which has other objects.*give whole numbers from 0 on"),
        (np.ma.masked_array(LABELS, LABELS == 0), "masked values; leave masked labels out"),
    ],
    ids=lambda given: type(given).__name__,
)
def test_other_labels_are_refused_in_one_line(labels, said):
    with pytest.raises(ConfigError, match=said):
        memory_data(COLOUR, labels)
