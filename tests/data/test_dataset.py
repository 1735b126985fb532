import subprocess
import sys

import numpy as np
import pytest

from gankit.data import BUILTIN, ImageSet
from gankit.errors import DataError

IMAGES = np.zeros((2, 4, 5, 3), np.uint8)


def test_images_need_no_labels():
    assert len(ImageSet(IMAGES, None, "here")) == 2


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (IMAGES.astype(np.float32), None, "images are float32"),
        (IMAGES[0], None, r"images are uint8 \(4, 5, 3\)"),
        (IMAGES, np.zeros(2, np.uint8), "labels are uint8"),
        (IMAGES, np.zeros((2, 1), np.int64), r"labels are int64 \(2, 1\)"),
        (IMAGES, np.zeros(3, np.int64), "2 images but 3 labels"),
        (IMAGES, np.array([0, -1]), "label -1 is below 0"),
    ],
)
def test_an_image_set_of_other_shapes_types_or_counts_is_refused(images, labels, said):
    with pytest.raises(DataError, match=f"^here: {said}"):
        ImageSet(images, labels, "here")


def test_mnist_and_glyphs_are_built_in():
    assert [dataset.name for dataset in BUILTIN] == ["mnist", "glyphs"]


def test_every_summary_is_one_line():
    assert all(dataset.summary and "\n" not in dataset.summary for dataset in BUILTIN)


def test_importing_data_imports_no_drawing():
    code = "import sys, gankit.data; print({'matplotlib', 'PIL'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
