"""The errors of a user's loss name it, with the remedy."""
# ruff: noqa: ARG005 - the parameters are those of a formula.

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from gankit.errors import ConfigError, PluginError
from gankit.losses import BUILTIN, HINGE, Loss, check_paired
from gankit.plugins import validation
from tests.short_runs import refusal, train


def changed(**formulas):
    return dataclasses.replace(HINGE, name="mine", **formulas)


@pytest.mark.parametrize(
    ("formulas", "told"),
    [
        (
            {"discriminator": lambda real, fake: real},
            "discriminator of loss 'mine': got a function of (real, fake); "
            "expected (ops, real, fake)",
        ),
        (
            {"generator": lambda a, b, c, d: a},
            "generator of loss 'mine': got a function of (a, b, c, d); expected",
        ),
        (
            {"of_fakes": lambda ops, real, fake: fake},
            "got a function of (ops, real, fake); expected (ops, fake)",
        ),
    ],
    ids=["two", "four", "of_fakes"],
)
def test_a_function_of_other_parameters_is_refused(formulas, told):
    assert told in refusal(lambda: changed(**formulas))


def test_defaults_and_any_number_of_parameters_are_taken():
    changed(generator=lambda *tensors: tensors[2], of_fakes=lambda ops, fake, scale=2: fake)


FAILURES = {
    "got the result None; expected a scalar": lambda ops, real, fake: None,
    "got the result 0.5; expected a scalar": lambda ops, real, fake: 0.5,
    "use ops.mean": lambda ops, real, fake: ops.relu(fake),
    "'undefined' is not defined (test_losses.py": lambda *_: undefined,  # noqa: F821
    "use only + - * and ops.softplus, ops.relu and ops.mean": lambda ops, _, fake: ops.exp(fake),
}


@pytest.mark.parametrize("told", FAILURES)
def test_a_formula_that_fails_is_named_in_one_line(told):
    said = refusal(lambda: train(loss=changed(discriminator=FAILURES[told])))
    assert "discriminator of loss 'mine'" in said
    assert told in said
    assert "\n" not in said


def test_a_loss_that_uses_real_needs_paired():
    def difference(ops, real, fake):
        return ops.mean(ops.softplus(real - fake))

    loss, told = (
        changed(generator=difference),
        "paired of loss 'mine': got False, but its generator uses real",
    )
    assert told in refusal(lambda: train(loss=loss))
    with pytest.raises(PluginError, match=told):
        validation.check("loss", loss)
    train(loss=dataclasses.replace(loss, paired=True), steps=1)


def test_real_in_a_formula_that_numpy_cannot_compute_is_found_as_it_trains():
    with pytest.raises(
        ConfigError, match=r"generator of loss 'mine' failed: .*; it uses real: give paired"
    ):
        changed(generator=lambda ops, real, fake: real.mean()).generator(None, None, np.zeros(3))


@pytest.mark.parametrize("loss", BUILTIN, ids=lambda loss: loss.name)
def test_the_builtin_losses_are_paired_if_they_use_real(loss):
    check_paired(loss)
    if loss.paired:
        with pytest.raises(ConfigError, match=r"paired of loss .*: got False"):
            check_paired(dataclasses.replace(loss, paired=False))


def test_a_renamed_loss_has_its_new_name_in_errors():
    loss = Loss("first", HINGE.discriminator, lambda ops, real, fake: None)
    with pytest.raises(ConfigError, match="loss 'second'"):
        dataclasses.replace(loss, name="second").generator(None, None, np.zeros(3))
