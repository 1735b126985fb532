import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from gankit.data import BUILTIN, Dataset, ImageSet
from gankit.errors import DataError, PluginError

IMAGES = np.zeros((2, 4, 5, 3), np.uint8)


def test_images_need_no_labels():
    assert len(ImageSet(IMAGES, None, "here")) == 2


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (IMAGES.astype(np.float32), None, "got images of float32"),
        (IMAGES[0], None, r"got images of uint8 \(4, 5, 3\)"),
        (IMAGES.tolist(), None, "got list of 2 as images; expected an array, uint8"),
        (IMAGES, [0, 1], "got list of 2 as labels; expected an array, int64"),
        (IMAGES, np.zeros(2, np.uint8), "got labels of uint8"),
        (IMAGES, np.zeros((2, 1), np.int64), r"got labels of int64 \(2, 1\)"),
        (IMAGES, np.zeros(3, np.int64), "got 3 labels; expected 2"),
        (IMAGES, np.array([0, -2]), "got label -2; expected at least 0, or -1 for none"),
    ],
)
def test_an_image_set_of_other_shapes_types_or_counts_is_refused(images, labels, said):
    with pytest.raises(DataError, match=f"^here: {said}"):
        ImageSet(images, labels, "here")


@pytest.mark.parametrize("role", ["load", "test"])
@pytest.mark.parametrize(
    ("load", "said"),
    [
        (lambda _: IMAGES, r": got numpy ndarray .* expected a gankit\.data\.ImageSet"),
        (lambda _: None, r": got None; expected a gankit\.data\.ImageSet"),
        (lambda _: ImageSet(IMAGES[:0], None, "here"), r": got images of shape \(0, 4, 5, 3\);"),
        (lambda _: [].pop(), r" failed: IndexError: .* \(test_dataset\.py, line \d+\)"),
    ],
)
def test_what_a_data_set_loads_is_checked_and_its_errors_name_it(role, load, said):
    dataset = replace(Dataset("mine", "mine", load, test=load), summary="replaced")
    with pytest.raises(PluginError, match=f"^{role} of dataset 'mine'{said}"):
        getattr(dataset, role)(None)


def test_errors_of_gankit_from_a_data_set_are_unchanged():
    def load(_):
        raise DataError("no such folder")

    with pytest.raises(DataError, match="no such folder"):
        Dataset("mine", "mine", load).load(None)


LABELS = np.array([0, 2])


@pytest.mark.parametrize(
    ("labels", "names", "classes"),
    [(LABELS, (), 3), (LABELS, tuple("abcd"), 4), (None, (), 0), (LABELS * 0, (), 1)],
)
def test_classes_are_those_with_names_or_up_to_the_highest_label(labels, names, classes):
    assert ImageSet(IMAGES, labels, "here", names).classes == classes


def test_an_empty_set_with_labels_has_no_classes():
    assert ImageSet(IMAGES[:0], LABELS[:0], "here").classes == 0


def test_class_names_need_labels_and_one_name_per_class():
    with pytest.raises(DataError, match="here: has 3 classes but no labels"):
        ImageSet(IMAGES, None, "here", tuple("abc"))
    with pytest.raises(DataError, match="here: got label 2, but only 2 class names"):
        ImageSet(IMAGES, LABELS, "here", tuple("ab"))


def test_mapped_images_are_neither_read_nor_copied(tmp_path):
    path = tmp_path / "images.npy"
    np.save(path, IMAGES)
    mapped = np.load(path, mmap_mode="r", allow_pickle=False)

    class Unread(np.memmap):
        def __array_ufunc__(self, *_arguments, **_named):
            pytest.fail("read")

        __array__ = __iter__ = __getitem__ = __array_ufunc__

    data = ImageSet(mapped.view(Unread), LABELS, "here")
    assert (len(data), data.classes, type(data.images)) == (2, 3, Unread)
    with pytest.raises(pytest.fail.Exception):
        data.images.max()


def test_seven_data_sets_are_built_in():
    published = ["mnist", "fashion-mnist", "kmnist", "cifar10"]
    drawn = ["glyphs", "turned-glyphs", "colour-glyphs"]
    assert sorted(dataset.name for dataset in BUILTIN) == sorted(published + drawn)


def test_every_summary_is_one_line():
    assert all(dataset.summary and "\n" not in dataset.summary for dataset in BUILTIN)


def test_importing_data_imports_no_drawing():
    code = "import sys, gankit.data; print({'matplotlib', 'PIL'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "set()"
