"""The data set `shapes`, as gankit sees it once it is installed."""

import numpy as np
import pytest
from gankit_shapes import NAMES, draw

import gankit
from gankit.plugins import get_dataset


def test_gankit_knows_it_by_name():
    assert get_dataset("shapes").load(None).classes == len(NAMES)


def test_equal_seeds_give_equal_bytes_and_others_do_not():
    once, again, other = draw(30, seed=0), draw(30, seed=0), draw(30, seed=1)
    assert once.images.tobytes() == again.images.tobytes() != other.images.tobytes()
    assert (once.labels == again.labels).all()


def test_every_class_is_there_equally_often():
    assert np.bincount(draw(30, seed=0).labels).tolist() == [10, 10, 10]


def test_no_image_for_testing_is_one_for_training():
    shapes = get_dataset("shapes")
    trained = {image.tobytes() for image in shapes.load(None).images}
    assert not trained & {image.tobytes() for image in shapes.test(None).images}


@pytest.mark.parametrize(
    ("name", "share"), [("disc", np.pi / 4), ("square", 1), ("triangle", 1 / 2)]
)
def test_a_label_says_what_was_drawn(name, share):
    shapes = draw(300, seed=0)
    drawn = shapes.images[shapes.labels == NAMES.index(name), ..., 0] > 127
    height, width = drawn.any(axis=2).sum(axis=1), drawn.any(axis=1).sum(axis=1)
    filled = drawn.sum(axis=(1, 2)) / (height * width)  # Of the box around it.
    assert filled.mean() == pytest.approx(share, abs=0.1)


def test_a_run_learns_of_it_and_of_its_classes():
    run = gankit.train("cgan", backend="numpy", dataset="shapes", steps=4, batch=8)
    assert run.config.classes == len(NAMES)
    assert run.history.shape == (4, 2)
    assert run.sample(2, labels=NAMES.index("disc")).shape == (2, 28, 28, 1)
