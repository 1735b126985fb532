"""The small network, compared with finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from gankit.evaluation.features import mlp


def loss(weights, pixels, labels):
    chances = mlp.softmax(mlp.logits(weights, mlp.features(weights, pixels)))
    return -np.log(chances[np.arange(len(labels)), labels]).mean()


def drawn(inputs=12, classes=3):
    """Return weights in float64, in which finite differences are accurate enough, and a batch."""
    random = np.random.default_rng(0)
    weights = {k: v.astype(np.float64) for k, v in mlp.initial(inputs, classes, random).items()}
    for name in weights:
        weights[name] += 0.1 * random.standard_normal(weights[name].shape)
    return weights, random.uniform(-1, 1, (5, inputs)), np.array([0, 2, 1, 1, 0])


@pytest.mark.parametrize("name", mlp.shapes(12, 3))
def test_each_gradient_equals_finite_differences_of_the_cross_entropy(name):
    weights, pixels, labels = drawn()
    found = mlp.gradients(weights, pixels, labels)[name]
    direction = np.random.default_rng(1).standard_normal(found.shape)
    step = 1e-6
    up, down = ({**weights, name: weights[name] + s * step * direction} for s in (1, -1))
    slope = (loss(up, pixels, labels) - loss(down, pixels, labels)) / (2 * step)
    assert abs(slope) > 1e-4
    assert np.vdot(found, direction) == pytest.approx(slope, rel=1e-5)


def test_initial_weights_are_float32_of_the_given_shapes_with_he_variance():
    weights = mlp.initial(500, 7, np.random.default_rng(0))
    assert {name: array.shape for name, array in weights.items()} == mlp.shapes(500, 7)
    assert {array.dtype for array in weights.values()} == {np.dtype(np.float32)}
    assert weights["hidden.kernel"].std() == pytest.approx(np.sqrt(2 / 500), rel=0.02)
    assert not weights["hidden.bias"].any()


def test_probabilities_of_huge_logits_are_finite():
    np.testing.assert_allclose(mlp.softmax(np.array([[1e4, 0.0], [0.0, 0.0]])), [[1, 0], [0.5] * 2])
