"""Controls: damaged images change each metric in the right direction, by severity."""

from __future__ import annotations

import numpy as np
import pytest

from gankit.evaluation import (
    Evaluator,
    choose,
    frechet_distance,
    kernel_distance,
    moments,
    principal_components,
)
from tests.evaluation.damaged_images import blurred, hardened, moved, specks


@pytest.fixture(scope="module")
def test(digits):
    """Return digits that are new to classifier and reference, and their classes."""
    return digits[0][600:], digits[1][600:]


@pytest.fixture(scope="module")
def evaluator(evaluator, digits):
    """Return the evaluator with all training images for the nearest."""
    return Evaluator(evaluator.reference, evaluator.features, training=digits[0][:600])


WORSE = {
    "specks": [lambda x, each=each: specks(x, each) for each in (2, 4, 8)],
    "blur": [lambda x, part=part: blurred(x, part) for part in (0.1, 0.2, 0.33)],
    "shift": [lambda x, pixels=pixels: moved(x, pixels) for pixels in (1, 2, 3)],
}


@pytest.mark.parametrize("labels", [True, False], ids=["labels", "no labels"])
@pytest.mark.parametrize("damage", WORSE)
def test_the_distances_grow_with_the_damage(evaluator, test, labels, damage):
    real = evaluator.reference.images
    features = evaluator.features if labels else principal_components(real)
    known = features(real)
    found = [features(made(test[0])) for made in (lambda x: x, *WORSE[damage])]
    frechet = [frechet_distance(moments(values), moments(known)) for values in found]
    kernel = [kernel_distance(values, known) for values in found]
    assert frechet == sorted(frechet)
    assert kernel == sorted(kernel)
    assert frechet[2] > 1.15 * frechet[0]
    assert frechet[3] > 1.4 * frechet[0]


@pytest.mark.parametrize("labels", [True, False], ids=["labels", "no labels"])
def test_better_shapes_improve_the_distance_more_than_harder_strokes(evaluator, test, labels):
    # As a run trains, shapes become right while edges become hard: it becomes better.
    real = evaluator.reference.images
    features = evaluator.features if labels else principal_components(real)
    known = moments(features(real))
    run = [(0.5, 3), (0.7, 2), (0.9, 1), (0.95, 0)]
    made = [hardened(moved(test[0], pixels), part) for part, pixels in run]
    found = [frechet_distance(moments(features(images)), known) for images in made]
    assert found == sorted(found, reverse=True)
    assert found[-1] > 1.2 * frechet_distance(moments(features(test[0])), known)


def test_specks_lower_precision_and_not_the_class_metrics(evaluator, test):
    real, worse = (evaluator(some) for some in (test[0], specks(test[0], 16)))
    assert worse.precision < 0.98 * real.precision
    assert worse.density < 0.8 * real.density
    assert worse.histogram_divergence < 0.05


def test_missing_classes_lower_recall_and_more_of_them_lower_it_more(evaluator, test):
    images, labels = test
    found = [evaluator(images[labels < classes]) for classes in (10, 9, 5)]
    for figure, sign in (("frechet", 1), ("histogram_divergence", 1), ("coverage", -1)):
        values = [sign * getattr(one, figure) for one in found]
        assert values == sorted(values), figure
    assert found[2].precision > 0.8 * found[0].precision


def test_wrong_class_shares_raise_the_distance_and_the_divergence(evaluator, test):
    images, labels = test
    found = []
    for keep in (60, 20, 5):
        order = np.argsort(labels, kind="stable")
        some = [order[labels[order] == one][: 60 if one < 3 else keep] for one in range(10)]
        found.append(evaluator(images[np.concatenate(some)]))
    for figure in ("frechet", "histogram_divergence"):
        values = [getattr(one, figure) for one in found]
        assert values == sorted(values), figure


def test_copies_of_training_images_show_only_in_the_nearest_distance(evaluator, digits, test):
    real = evaluator(test[0])
    copies = evaluator(choose(digits[0][:600], "", 300, seed=5).images)
    assert copies.nearest == 0 < 0.1 < real.nearest
    assert copies.frechet < real.frechet
    assert copies.precision >= real.precision


def test_copies_of_a_few_images_lower_recall(evaluator, digits, test):
    real = evaluator(test[0])
    few = evaluator(np.repeat(digits[0][:20], 15, axis=0))
    assert few.nearest == 0
    assert few.recall < 0.5 * real.recall
    assert few.coverage < 0.5 * real.coverage
    assert few.frechet > 2 * real.frechet
