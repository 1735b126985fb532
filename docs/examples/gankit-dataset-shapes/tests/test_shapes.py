"""The data set `shapes`, installed as a plugin."""

import numpy as np
import pytest
from gankit_shapes import NAMES, draw

import gankit
from gankit.plugins import get_dataset


def test_gankit_finds_it_by_name():
    assert get_dataset("shapes").load(None).classes == len(NAMES)


def test_equal_seeds_give_equal_bytes_and_different_seeds_do_not():
    first, again, other = draw(30, seed=0), draw(30, seed=0), draw(30, seed=1)
    assert first.images.tobytes() == again.images.tobytes() != other.images.tobytes()
    assert (first.labels == again.labels).all()


def test_every_class_has_equally_many_images():
    assert np.bincount(draw(30, seed=0).labels).tolist() == [10, 10, 10]


def test_no_test_image_is_a_training_image():
    shapes = get_dataset("shapes")
    trained = {image.tobytes() for image in shapes.load(None).images}
    assert not trained & {image.tobytes() for image in shapes.test(None).images}


@pytest.mark.parametrize(
    ("name", "share"), [("disc", np.pi / 4), ("square", 1), ("triangle", 1 / 2)]
)
def test_a_label_is_the_kind_of_the_shape(name, share):
    shapes = draw(300, seed=0)
    drawn = shapes.images[shapes.labels == NAMES.index(name), ..., 0] > 127
    height, width = drawn.any(axis=2).sum(axis=1), drawn.any(axis=1).sum(axis=1)
    filled = drawn.sum(axis=(1, 2)) / (height * width)  # The share of the bounding box.
    assert filled.mean() == pytest.approx(share, abs=0.1)


def test_a_class_conditional_run_trains_on_it():
    run = gankit.train("cgan", backend="numpy", dataset="shapes", steps=4, batch=8)
    assert run.config.classes == len(NAMES)
    assert run.history.shape == (4, 2)
    assert run.sample(2, labels=NAMES.index("disc")).shape == (2, 28, 28, 1)
