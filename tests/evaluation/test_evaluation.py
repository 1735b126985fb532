"""All metrics: their names, and that they separate good images from bad ones."""

from __future__ import annotations

import json
import math
import warnings

import numpy as np
import pytest

from gankit.errors import ConfigError, Diverged, PluginError
from gankit.evaluation import (
    Evaluator,
    Reference,
    choose,
    evaluate,
    frechet_distance,
    moments,
    principal_components,
)


def test_every_metric_names_its_features_counts_and_reference(baseline, features):
    assert baseline.features == features.name
    assert baseline.reference == "500 of the 600 drawn digits, seed 0"
    assert (baseline.samples, baseline.reference_samples, baseline.neighbours) == (600, 500, 5)


def test_noise_is_worse_than_real_images_in_every_distance(evaluator, baseline, digits):
    noise = np.random.default_rng(0).integers(0, 256, digits[0][600:].shape, np.uint8)
    found = evaluator(noise)
    assert found.frechet > 10 * baseline.frechet
    assert found.kernel > baseline.kernel + 3 * baseline.kernel_deviation
    assert found.kernel_all > baseline.kernel_all
    assert found.precision < 0.5 < baseline.precision
    assert found.recall < 0.5 < baseline.recall
    assert found.density < 0.5 < baseline.density
    assert found.coverage < 0.5 < baseline.coverage
    assert found.nearest > 2 * baseline.nearest
    assert found.score < 0.5 * baseline.score


def test_a_missing_class_lowers_recall_and_shows_in_the_histogram(evaluator, baseline, digits):
    images, labels = (part[600:] for part in digits)
    found = evaluator(images[labels < 5])
    # A classifier of few steps takes some images for one of a class that is not there.
    assert baseline.classes_seen == 10
    assert 5 <= found.classes_seen <= 7
    assert sum(found.histogram) == pytest.approx(1)
    assert sum(found.histogram[:5]) > 0.85
    assert found.histogram_divergence == pytest.approx(math.log(2), abs=0.2)
    assert baseline.histogram_divergence < 0.05
    assert found.coverage < 0.7 * baseline.coverage


def test_the_reference_compared_with_itself_is_perfect(evaluator):
    found = evaluator(evaluator.reference.images)
    assert found.frechet == pytest.approx(0, abs=1e-6)
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)
    assert found.nearest == 0
    assert found.histogram_divergence == 0
    assert found.score == found.reference_score


def test_grey_levels_and_floats_have_the_same_metrics_each_time(evaluator, baseline, digits):
    assert evaluator(digits[0][600:] / 127.5 - 1) == baseline
    assert evaluate(digits[0][600:], evaluator.reference, evaluator.features) == baseline


def test_metrics_equal_those_of_the_public_functions(evaluator, baseline, digits, features):
    values, real = features(digits[0][600:]), features(evaluator.reference.images)
    assert baseline.frechet == frechet_distance(moments(values), moments(real))


def test_without_classes_the_class_metrics_are_none(digits):
    reference = choose(digits[0][:600], "drawn digits")
    assert reference.split == "all 600 drawn digits"
    found = evaluate(digits[0][600:], reference, principal_components(reference.images))
    assert found.features.startswith("64 principal components and 18 local features (")
    assert found.score is found.histogram is found.classes_seen is found.reference_score is None
    assert found.frechet > 0


def test_it_becomes_json_without_infinity(evaluator, digits):
    found = evaluator(digits[0][600:650])
    table = found.as_json()
    assert json.loads(json.dumps(table, allow_nan=False)) == table
    assert not any(name.lower() == "fid" for name in table)
    assert table["frechet"] == found.frechet


def test_an_infinite_divergence_is_null_in_json(digits, features):
    images, labels = digits
    found = evaluate(images[600:], Reference(images[labels < 1][:20], "zeros"), features)
    assert found.histogram_divergence == math.inf
    assert found.as_json()["histogram_divergence"] is None


def test_a_copy_of_a_training_image_outside_the_reference_is_found(digits, features):
    training = digits[0][:600]
    reference = choose(training, "drawn digits", 100)
    others = np.array([not (image == reference.images).all((1, 2, 3)).any() for image in training])
    evaluator = Evaluator(reference, features, training=training)
    assert evaluator(training[others][:50]).nearest == 0
    assert evaluator(training[:50], own=np.arange(50)).nearest > 0.1
    assert evaluator(digits[0][600:650]).nearest > 0.1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (lambda images: np.full((len(images), 2), np.nan), ": got a value that is not finite"),
        (lambda images: np.full((len(images), 2), 1e300), r": got a value of magnitude 1e\+300;"),
        (lambda images: np.full((len(images), 2), 1j), ": got .* complex128; expected real numb"),
        (lambda images: np.zeros(len(images)), r": got an array of shape \(40,\) for 40 images"),
        (lambda _: {}["a"], r": KeyError: 'a' \(test_evaluation\.py, line \d+\)"),
    ],
)
def test_what_ones_own_features_return_is_checked(digits, values, said):
    class Own:
        name = "own"

        def __call__(self, images):
            return values(images)

    images = digits[0][:40]
    with pytest.raises(PluginError, match=f"^features 'own'{said}"):
        evaluate(images, choose(images, "digits"), Own())


def test_features_may_be_lists(digits):
    class Listed:
        name = "lists"

        def __call__(self, images):
            return images.mean(axis=(1, 2)).tolist()

    images = digits[0][:40]
    assert evaluate(images, choose(images, "digits"), Listed()).frechet < 1e-6


def test_too_few_images_for_subsets_have_no_deviation(digits, features):
    evaluator = Evaluator(choose(digits[0][:600], "drawn digits", 50), features, neighbours=1)
    found = evaluator(digits[0][600:603])
    assert (found.kernel, found.kernel_deviation) == (found.kernel_all, None)
    assert evaluator(digits[0][600:604]).kernel_deviation > 0


def test_images_in_another_range_are_refused_or_cause_a_warning(evaluator, digits):
    real = digits[0][600:640] / 127.5 - 1
    with pytest.raises(ConfigError, match=r"from 0 to 255; expected real numbers in \[-1, 1\]"):
        evaluator(digits[0][600:640].astype(np.float32))
    with pytest.warns(UserWarning, match=r"from 0 to 1; .* if they are in \[0, 1\]"):
        evaluator(digits[0][600:640] / 255)
    with pytest.warns(UserWarning, match="from -1.2 to 1.2; .* are clipped"):
        evaluator(1.2 * real)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluator(real)


def test_progress_names_the_next_metric(evaluator, digits):
    told = []
    evaluator(digits[0][:20], told.append)
    assert told[0] == "nearest images"
    assert told[-1] == "classes"


def test_a_choice_depends_only_on_the_seed_and_has_no_image_twice():
    images = np.arange(200, dtype=np.uint8).reshape(-1, 1, 1, 1)
    first, again, other = (choose(images, "of all", 50, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.images, again.images)
    assert not np.array_equal(first.images, other.images)
    assert len(np.unique(first.images)) == 50


def test_images_that_cannot_be_evaluated_are_refused(evaluator, digits):
    with pytest.raises(ConfigError, match="images: got 5; expected more than 5"):
        evaluator(digits[0][:5])
    with pytest.raises(ConfigError, match="28x27x1 but the reference has 28x28x1"):
        evaluator(digits[0][:20, :, :27])
    with pytest.raises(Diverged):
        evaluator(np.full((20, 28, 28, 1), np.nan))
    with pytest.raises(ConfigError, match="at least 2"):
        choose(digits[0], "drawn digits", 1)
