"""The errors of a user's loss name it, with the remedy."""
# ruff: noqa: ARG001, ARG002, ARG005 - the parameters are those of a formula.

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import gankit
from gankit.errors import ConfigError, PluginError
from gankit.layers import Dense, Flatten, LeakyReLU, ReconstructionLogit, Reshape
from gankit.losses import (
    BUILTIN,
    HINGE,
    Loss,
    NumpyFollowerOps,
    NumpyLossOps,
    began,
    check_paired,
    ebgan,
    lecam,
)
from gankit.plugins import validation
from tests.short_runs import fit, refusal, train


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
    "got the result tuple of 2; expected a scalar": (
        lambda ops, real, fake: (ops.mean(real), ops.mean(fake))
    ),
    "got the result dict of 1; expected a scalar": lambda ops, real, fake: {"loss": ops.mean(fake)},
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


@pytest.mark.parametrize("given", [lambda ops, real, fake: fake, Loss, None, 3, {"a": 1}])
@pytest.mark.parametrize("call", [train, fit])
def test_what_is_neither_a_loss_nor_a_name_is_refused_alike(call, given):
    told = refusal(lambda: call(loss=given))
    assert told.startswith("loss: got ")
    assert told.endswith("; expected a name, or a gankit.losses.Loss")


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


REAL, FAKE = np.array([-0.1, -0.3]), np.array([-0.2, -0.8])
"""Minus the energies of two images of each half."""


def test_the_margin_loss_lowers_real_energy_and_raises_that_of_fakes_to_the_margin():
    ops, loss = NumpyLossOps(), ebgan(margin=0.5)
    assert loss.discriminator(ops, REAL, FAKE) == pytest.approx(0.2 + (0.3 + 0.0) / 2)
    assert loss.of_fakes(ops, FAKE) == pytest.approx(0.15)
    assert loss.generator(ops, None, FAKE) == pytest.approx(0.5)


def test_k_of_began_follows_the_balance_of_the_energies_within_0_and_1():
    ops, loss = NumpyLossOps(), began(gamma=0.5, rate=0.1)
    scalars = {"k": 0.25, "convergence": 0.0}
    assert loss.discriminator(ops, REAL, FAKE, scalars) == pytest.approx(0.2 - 0.25 * 0.5)
    assert loss.generator(ops, None, FAKE, scalars) == pytest.approx(0.5)
    moved = loss.follower.follow(NumpyFollowerOps(), scalars, REAL, FAKE)
    balance = 0.5 * 0.2 - 0.5
    assert moved["k"] == pytest.approx(0.25 + 0.1 * balance)
    assert moved["convergence"] == pytest.approx(0.2 + abs(balance))
    for first, image, last in ((0.01, FAKE, 0.0), (0.99, 10 * FAKE, 1.0)):
        halves = (REAL, image) if last == 0 else (10 * image, 0 * REAL)
        assert loss.follower.follow(NumpyFollowerOps(), {"k": first}, *halves)["k"] == last


AUTOENCODER = (
    Flatten(),
    Dense(8),
    LeakyReLU(0.2),
    Dense(784),
    Reshape((28, 28, 1)),
    ReconstructionLogit("l1"),
)


def test_a_run_with_began_resumes_exactly_and_logs_k_and_its_convergence(tmp_path):
    given = {"loss": "began", "loss_options": {"rate": 0.5}, "discriminator": AUTOENCODER}
    whole = train(**given, steps=4, out=tmp_path / "whole")
    train(**given, steps=2, out=tmp_path / "run")
    resumed = gankit.train(out=tmp_path / "run", resume=True, steps=4)
    for name, values in whole.history.terms.items():
        np.testing.assert_array_equal(resumed.history.terms[name], values)
    state = resumed.trainer.state()
    assert whole.history.terms["loss/k"][-1] == state["loss/k"] > 0
    assert whole.history.terms["loss/convergence"][-1] == state["loss/convergence"]
    loaded = gankit.load(tmp_path / "run")
    np.testing.assert_array_equal(loaded.sample(4), whole.sample(4))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"loss": "ebgan", "loss_options": {"margin": 0.0}}, "loss_options.margin: got 0.0;"),
        ({"loss": "began", "loss_options": {"gamma": 2.0}}, "gamma: got 2.0; expected at most 1"),
        (
            {"loss": "began", "loss_options": {"margin": 1.0}},
            "unknown option of loss 'began' 'margin'; known: gamma, rate",
        ),
        (
            {"loss": "hinge", "loss_options": {"margin": 1.0}},
            "loss_options: got margin for loss 'hinge', which has no options; leave them out",
        ),
        ({"loss": "ebgan", "loss_options": {"margin": "high"}}, "loss_options"),
        ({"discriminator": AUTOENCODER[:3] + AUTOENCODER[5:]}, "expected the shape of the inputs"),
        (
            {"discriminator": AUTOENCODER, "auxiliary": 1.0, "dataset": "glyphs"},
            "heads: got class, but the discriminator ends in reconstruction-logit, which makes a",
        ),
    ],
)
def test_an_option_or_a_network_that_does_not_fit_is_refused_in_one_line(given, told):
    said = refusal(lambda: train(**given, steps=1))
    assert told in said
    assert "\n" not in said


def test_the_formulas_of_a_loss_with_a_follower_take_its_scalars():
    told = refusal(lambda: dataclasses.replace(FOLLOWING, generator=HINGE.generator))
    assert "expected (ops, real, fake, scalars)" in told


def test_a_follower_without_scalars_is_refused():
    told = refusal(lambda: dataclasses.replace(HINGE, follower="mean"))
    assert told == "loss.follower: got 'mean'; expected gankit.followers.Follower or None"


WRONG_FOLLOWERS = {
    "logged of {}: got 'nope'; expected some of its scalars: mean": {"logged": ("nope",)},
    "logged of {}: got 'mean'; expected a tuple of names": {"logged": "mean"},
    "initial_scalars of {}: got None; expected a dict": {"initial_scalars": lambda self: None},
    "initial_scalars of {}: got 0.0 for 'mean'; expected an array of shape (), float64": {
        "initial_scalars": lambda self: {"mean": 0.0}
    },
    "initial_scalars of {}: got numpy ndarray of shape (2,), float64 for 'mean'": {
        "initial_scalars": lambda self: {"mean": np.zeros(2)}
    },
    "initial_scalars of {} failed: ZeroDivisionError": {"initial_scalars": lambda self: 1 / 0},
    "follow of {}: got scalars other; expected those of the start: mean": {
        "follow": lambda self, ops, scalars, real, fake: {"other": ops.mean(real)}
    },
    "follow of {}: got a result of shape (8,) for 'mean'; expected a scalar; use ops.mean": {
        "follow": lambda self, ops, scalars, real, fake: {"mean": real}
    },
    "follow of {}: got None; expected a dict": {"follow": lambda *_: None},
    "follow of {}: got 'x' for 'mean'": {"follow": lambda *_: {"mean": "x"}},
    "no attribute 'tanh' (test_losses.py": {
        "follow": lambda self, ops, scalars, real, fake: {"mean": ops.tanh(real)}
    },
}


@pytest.mark.parametrize("told", WRONG_FOLLOWERS)
def test_a_follower_that_is_wrong_is_named_in_one_line(told):
    wrong = type("Wrong", (Mean,), WRONG_FOLLOWERS[told])()
    said = refusal(lambda: train(loss=dataclasses.replace(FOLLOWING, follower=wrong)))
    assert told.format("the follower of loss 'pulled'") in said


def test_wrong_scalars_of_a_plugins_follower_are_found_as_it_is_loaded():
    wrong = type("Wrong", (Mean,), {"logged": ("nope",)})()
    with pytest.raises(PluginError, match=r"logged of the follower of loss 'pulled': got 'nope'"):
        validation.check("loss", dataclasses.replace(FOLLOWING, follower=wrong))


def test_a_renamed_loss_has_its_new_name_in_the_errors_of_its_follower():
    loss = dataclasses.replace(FOLLOWING, name="second")
    with pytest.raises(ConfigError, match=r"^follow of the follower of loss 'second' failed"):
        loss.follower.follow(None, {"mean": 0.0}, None, None)


def test_scalars_of_a_follower_may_be_numpys_own():
    first = {"initial_scalars": lambda self: {"mean": np.float64(self.start)}}
    loss = dataclasses.replace(FOLLOWING, follower=type("Own", (Mean,), first)())
    found, expected = train(loss=loss), train(loss=FOLLOWING)
    np.testing.assert_array_equal(found.history, expected.history)
