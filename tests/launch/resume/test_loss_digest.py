"""Different losses have different digests, however a formula is written."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from gankit.errors import ConfigError
from gankit.launch.resume.dual_numbers import Dual, DualLossOps
from gankit.launch.resume.loss_digest import FAKE, REAL, loss_digest
from gankit.losses import BUILTIN, HINGE, NONSATURATING, Loss, NumpyLossOps
from gankit.testing.problems import USERS_LOSS

STEP = 1e-5


def changed(**formulas):
    return loss_digest(dataclasses.replace(HINGE, **formulas))


def test_no_two_losses_have_the_same_digest():
    digests = {loss_digest(loss) for loss in (*BUILTIN, USERS_LOSS)}
    assert len(digests) == len(BUILTIN) + 1
    assert None not in digests


def test_a_loss_with_another_name_or_other_code_has_the_same_digest():
    again = Loss(
        "again",
        lambda ops, real, fake: ops.mean(ops.relu(fake + 1)) + ops.mean(ops.relu(1 - real)),
        lambda ops, _real, fake: 0 - ops.mean(fake),
        of_fakes=lambda ops, fake: ops.mean(ops.relu(fake + 1)),
    )
    assert loss_digest(again) == loss_digest(HINGE)


@pytest.mark.parametrize(
    "formulas",
    [
        {"generator": lambda ops, _real, fake: -1.0001 * ops.mean(fake)},
        {"generator": lambda ops, _real, fake: 1 - ops.mean(fake)},
        {"of_fakes": None},
        {"paired": True},
    ],
    ids=["another slope", "another value", "no part of fakes", "paired"],
)
def test_a_change_of_a_value_or_a_gradient_changes_the_digest(formulas):
    assert changed(**formulas) != loss_digest(HINGE)


def test_the_last_bits_do_not_change_the_digest():
    again = changed(generator=lambda ops, _real, fake: -(1 + 1e-14) * ops.mean(fake))
    assert again == loss_digest(HINGE)


@pytest.mark.parametrize("loss", [*BUILTIN, USERS_LOSS], ids=lambda loss: loss.name)
def test_the_gradients_equal_finite_differences(loss):
    loss = loss.given()

    def value(logits):
        return loss.discriminator(NumpyLossOps(), logits[: len(REAL)], logits[len(REAL) :])

    logits = np.concatenate([REAL, FAKE])
    derivatives = np.eye(len(logits))
    made = loss.discriminator(
        DualLossOps(), Dual(REAL, derivatives[: len(REAL)]), Dual(FAKE, derivatives[len(REAL) :])
    )
    steps = STEP * derivatives
    around = [(value(logits + step) - value(logits - step)) / (2 * STEP) for step in steps]
    np.testing.assert_allclose(made.derivatives, around, rtol=0, atol=1e-7)
    np.testing.assert_allclose(made.value, value(logits), rtol=1e-15)


def test_a_formula_with_unknown_operations_has_no_digest():
    assert changed(generator=lambda _ops, _real, fake: fake.sum()) is None


def test_a_formula_that_forgets_the_mean_is_refused():
    with pytest.raises(ConfigError, match=r"got a result of shape \(8,\).*use ops\.mean"):
        changed(generator=lambda _ops, _real, fake: -fake)


def test_an_error_in_a_formula_names_the_loss():
    with pytest.raises(ConfigError, match=r"generator of loss .* failed: ZeroDivisionError"):
        loss_digest(dataclasses.replace(NONSATURATING, generator=lambda *_: 1 / 0))
