"""All dropout masks of an update equal those of its layers."""

from dataclasses import replace

import numpy as np
import pytest

from gankit.contract.dropout_masks import Masks
from gankit.contract.random_streams import Role, StepKey, dropout_mask
from gankit.errors import ConfigError
from gankit.layers import Dense, Dropout, Residual
from gankit.losses import RELATIVISTIC
from gankit.penalties import Penalty
from gankit.testing.problems import SIMPLE, discriminator, generator

KEY = StepKey(seed=3, step=5, update=1)
INSIDE = Residual((Dense(24), Dropout(0.4)))
PROBLEM = replace(
    SIMPLE,
    generator=generator(Dropout(0.3)),
    discriminator=discriminator(INSIDE, Dropout(0.2)),
    penalties=(Penalty("real", target=0, weight=1.0), Penalty("fake", target=0, weight=1.0)),
)


def test_a_discriminator_update_has_masks_of_both_networks_and_every_penalty():
    masks = Masks(PROBLEM)(KEY, 4, last=False)
    assert set(masks) == {
        "generator/1",
        "discriminator/2.layers.1",
        "discriminator/3",
        "penalty/0/2.layers.1",
        "penalty/0/3",
        "penalty/1/2.layers.1",
        "penalty/1/3",
    }
    wanted = {
        "generator/1": dropout_mask(KEY, Role.GENERATOR, 1, (4, 24), 0.3),
        "discriminator/2.layers.1": dropout_mask(KEY, Role.DISCRIMINATOR, 4, (8, 24), 0.4),
        "penalty/1/3": dropout_mask(KEY, Role.DISCRIMINATOR, 5, (4, 24), 0.2, part=2),
    }
    for name, mask in wanted.items():
        assert np.array_equal(masks[name], mask), name


@pytest.mark.parametrize(("loss", "rows"), [(SIMPLE.loss, 4), (RELATIVISTIC, 8)])
def test_a_generator_update_has_no_penalty_and_reals_only_if_the_loss_needs_them(loss, rows):
    masks = Masks(replace(PROBLEM, loss=loss))(KEY, 4, last=True)
    assert not [name for name in masks if name.startswith("penalty")]
    assert masks["discriminator/3"].shape == (rows, 24)


def test_a_native_network_has_no_masks():
    with pytest.raises(ConfigError, match="masks are drawn for specs"):
        Masks(replace(PROBLEM, generator=object()))
