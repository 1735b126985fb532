"""Which passes of a step are shared: `Problem.shares_generated` and `Problem.shared_penalties`."""

from dataclasses import replace

import pytest

from gankit import layers
from gankit.penalties import Penalty
from gankit.testing.problems import SIMPLE

DENSE = (layers.Flatten(), layers.Dense(8), layers.LeakyReLU(0.2), layers.Dense(1))
R1, R2 = Penalty("real", 0, 1.0), Penalty("fake", 0, 1.0)


def problem(*given, discriminator=DENSE):
    return replace(SIMPLE, discriminator=discriminator, penalties=given)


def test_a_penalty_at_the_real_images_shares_the_pass():
    assert problem(R1).shared_penalties == {"real": [0]}
    assert problem(R1).separate_penalties == {}


def test_penalties_at_both_halves_are_known_by_number():
    assert problem(R2, R1).shared_penalties == {"fake": [0], "real": [1]}


@pytest.mark.parametrize(
    "penalty", [replace(R1, every=2), Penalty("between", 1, 10.0), Penalty("around", 1, 10.0)]
)
def test_a_lazy_penalty_and_one_at_other_points_are_separate(penalty):
    assert problem(penalty, R2).shared_penalties == {"fake": [1]}
    assert problem(penalty, R2).separate_penalties == {0: penalty}


@pytest.mark.parametrize("layer", [layers.Dropout(0.5), layers.BatchNorm(0.9, 1e-5)])
def test_nothing_is_shared_if_passes_differ(layer):
    inside = layers.Residual((layers.Dense(8), layer), (layers.Dense(8),))
    spec = (layers.Flatten(), inside, layers.Dense(1))
    assert problem(R1, discriminator=spec).shared_penalties == {}


def test_nothing_is_known_of_a_native_network():
    assert problem(R1, discriminator=object()).shared_penalties == {}


def test_generated_images_are_shared_if_they_depend_on_the_noise_alone():
    plain = tuple(layer for layer in SIMPLE.generator if not isinstance(layer, layers.Dropout))
    shared = replace(SIMPLE, generator=plain, fresh_noise=False)
    assert shared.shares_generated
    assert not replace(shared, fresh_noise=True).shares_generated
    assert not replace(
        shared, generator=(*plain[:1], layers.Dropout(0.5), *plain[1:])
    ).shares_generated
    conditional = (layers.Embedding(2), *plain)
    assert not replace(shared, generator=conditional, classes=3).shares_generated
    assert not replace(shared, generator=object()).shares_generated
