"""The errors of a user's loss name it, with the remedy."""
# ruff: noqa: ARG001, ARG002, ARG005 - the parameters are those of a formula.

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import gankit
from gankit.errors import ConfigError, PluginError
from gankit.losses import (
    BUILTIN,
    HINGE,
    Loss,
    NumpyFollowerOps,
    NumpyLossOps,
    check_paired,
    lecam,
)
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
    "use only + - * and ops.exp, ops.log, ops.logsumexp, ops.softplus, ops.relu and ops.mean": (
        lambda ops, _, fake: ops.sqrt(fake)
    ),
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


class Mean:
    """A running mean of the logits of real images, from `start` on."""

    def __init__(self, start=0.0):
        self.start = start

    def initial_scalars(self):
        return {"mean": np.array(self.start)}

    def follow(self, ops, scalars, real, fake):
        return {"mean": 0.5 * scalars["mean"] + 0.5 * ops.mean(real)}


def pulled(ops, real, fake, scalars):
    away = fake - scalars["mean"]
    return ops.mean(ops.relu(1 - real)) + ops.mean(ops.relu(1 + fake)) + ops.mean(away * away)


def pulled_fakes(ops, fake, scalars):
    away = fake - scalars["mean"]
    return ops.mean(ops.relu(1 + fake)) + ops.mean(away * away)


def generated(ops, real, fake, scalars):
    return -ops.mean(fake)


FOLLOWING = Loss("pulled", pulled, generated, of_fakes=pulled_fakes, follower=Mean())


def test_a_run_with_a_follower_resumes_to_the_same_numbers_and_samples_without_its_loss(tmp_path):
    whole = train(loss=FOLLOWING, steps=6, out=tmp_path / "whole")
    train(loss=FOLLOWING, steps=3, out=tmp_path / "run")
    resumed = gankit.train(out=tmp_path / "run", resume=True, steps=6, loss=FOLLOWING)
    assert resumed.trainer.state()["loss/mean"] == whole.trainer.state()["loss/mean"] != 0
    np.testing.assert_array_equal(resumed.history, whole.history)
    loaded = gankit.load(tmp_path / "run")
    np.testing.assert_array_equal(loaded.sample(4), whole.sample(4))


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(FOLLOWING, follower=Mean(0.25)),
        Loss("pulled", lambda o, r, f: pulled(o, r, f, {"mean": 0.0}), lambda o, r, f: -o.mean(f)),
    ],
    ids=["another start", "no follower"],
)
def test_resuming_with_another_follower_is_refused(tmp_path, other):
    train(loss=FOLLOWING, steps=2, out=tmp_path / "run")
    told = refusal(lambda: gankit.train(out=tmp_path / "run", resume=True, steps=4, loss=other))
    assert "loss" in told


def test_a_loss_with_a_follower_can_be_smoothed():
    run = train(loss=FOLLOWING, steps=2, label_smoothing=0.1)
    assert np.isfinite(run.history).all()


START = {"real": 1.0, "fake": 2.0}


def test_lecam_adds_the_distances_from_the_other_halfs_running_mean():
    found, real, fake = lecam(HINGE, 0.3, decay=0.9), np.array([1.0, 3.0]), np.array([-2.0, 0.0])
    ops, means = NumpyLossOps(), found.follower.follow(NumpyFollowerOps(), START, real, fake)
    assert means == {"real": pytest.approx(0.9 + 0.2), "fake": pytest.approx(1.8 - 0.1)}
    more = 0.3 * (((real - 2) ** 2).mean() + ((fake - 1) ** 2).mean())
    plain = HINGE.discriminator(ops, real, fake)
    assert found.discriminator(ops, real, fake, START) == pytest.approx(plain + more)
    assert found.generator(ops, None, fake, START) == HINGE.generator(ops, None, fake)
    assert lecam(HINGE, 0.0) is HINGE


def test_a_run_with_lecam_resumes_exactly(tmp_path):
    whole = train(loss="hinge", lecam=0.3, steps=4)
    train(loss="hinge", lecam=0.3, steps=2, out=tmp_path / "run")
    resumed = gankit.train(out=tmp_path / "run", resume=True, steps=4)
    np.testing.assert_array_equal(resumed.sample(4), whole.sample(4))
    assert set(resumed.trainer.state()) >= {"loss/real", "loss/fake"}


def test_lecam_refuses_a_loss_with_a_follower():
    told = refusal(lambda: lecam(FOLLOWING, 0.3))
    assert told.startswith("lecam: got 0.3 with loss 'pulled', which has a follower; expected")


def test_the_formulas_of_a_loss_with_a_follower_take_its_scalars():
    told = refusal(lambda: dataclasses.replace(FOLLOWING, generator=HINGE.generator))
    assert "expected (ops, real, fake, scalars)" in told


def test_a_follower_without_scalars_is_refused():
    told = refusal(lambda: dataclasses.replace(HINGE, follower="mean"))
    assert told == "loss.follower: got 'mean'; expected gankit.followers.Follower or None"
