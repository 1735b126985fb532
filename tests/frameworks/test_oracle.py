"""The reference and every backend compared with an independent implementation."""

import pytest

from gankit import augment, losses, plugins
from gankit.penalties import Penalty
from tests.selection import selected

if not selected("torch"):
    pytest.skip("the oracle needs torch", allow_module_level=True)

from dataclasses import replace

from gankit_numpy import norms

from gankit.losses import HINGE
from gankit.losses.energy import Equilibrium
from gankit.losses.lecam import RunningMeans, _Regularised
from gankit.testing.following_loss import FOLLOWING
from tests.oracle.agreement import distance
from tests.oracle.problems import case

COUNT = 30
"""Problems in the suite; `make fuzz` has hundreds."""
NUMPY = plugins.get_backend("numpy")


@pytest.mark.parametrize("number", range(COUNT))
def test_the_reference_agrees_with_the_oracle(number):
    assert (found := distance(NUMPY, case(number))).close, found


@pytest.mark.parametrize("number", range(COUNT))
def test_the_torch_backend_agrees_with_the_oracle(number):
    assert (found := distance(plugins.get_backend("torch"), case(number))).close, found


def caught():
    """Return the first random problem on which oracle and reference differ, or None."""
    return next((n for n in range(COUNT) if not distance(NUMPY, case(n), steps=1).close), None)


def test_random_problems_use_every_feature():
    problems = [case(number).problem for number in range(COUNT)]
    needed = frozenset().union(*(problem.needs() for problem in problems))
    assert NUMPY.capabilities - {"float32", "noise-gradients"} <= needed
    assert {problem.loss.name for problem in problems} == {
        *(loss.name for loss in losses.BUILTIN),
        FOLLOWING.name,
    }
    assert {p.where for problem in problems for p in problem.penalties} == {
        "real",
        "fake",
        "between",
        "around",
    }


# What the backends share, and the reference with them: a mistake there is one that only an oracle
# sees. Each of these makes one.


def test_a_mistake_in_a_loss_is_detected():
    def formula(ops, real, fake):
        return ops.mean(ops.relu(1 - real)) + ops.mean(ops.relu(0.99 + fake))

    wrong = replace(HINGE, discriminator=formula)
    found = [one for one in map(case, range(COUNT)) if one.problem.loss.name == "hinge"]
    assert found
    for one in found:
        changed = replace(one, problem=replace(one.problem, loss=wrong), smoothing=0.0)
        assert not distance(NUMPY, changed, steps=1).close


def test_a_mistake_in_the_points_of_a_penalty_is_detected(monkeypatch):
    original = Penalty.points

    def swapped(self, real, fake, draws, deviation):
        return original(self, fake, real, draws, deviation)

    monkeypatch.setattr(Penalty, "points", swapped)
    assert caught() is not None


@pytest.mark.parametrize("name", augment.TRANSFORMS)
def test_a_mistake_in_augmentation_is_detected(monkeypatch, name):
    original = augment.FORMULAS[name]

    def weaker(ops, images, numbers):
        return 0.999 * original(ops, images, numbers) + 0.001 * images

    monkeypatch.setitem(augment.FORMULAS, name, weaker)
    assert caught() is not None


@pytest.mark.parametrize("follower", [Equilibrium, RunningMeans])
def test_a_mistake_in_a_follower_is_detected(monkeypatch, follower):
    original = follower.follow

    def halved(self, ops, scalars, real, fake):
        return original(self, ops, scalars, 0.999 * real, fake)

    monkeypatch.setattr(follower, "follow", halved)
    assert caught() is not None


def test_a_mistake_in_lecam_is_detected(monkeypatch):
    original = _Regularised.__call__

    def to_the_same_half(self, ops, real, fake, scalars):
        means = {"real": scalars["fake"], "fake": scalars["real"]}
        return original(self, ops, real, fake, means)

    monkeypatch.setattr(_Regularised, "__call__", to_the_same_half)
    assert caught() is not None


def test_a_mistake_in_label_smoothing_is_detected():
    for number in range(COUNT):
        one = case(number)
        if one.smoothing:
            wrong = replace(one, smoothing=one.smoothing + 0.01)
            assert not distance(NUMPY, wrong, steps=1).close


# And mistakes of the reference's own.


def test_a_mistake_in_running_state_is_detected(monkeypatch):
    original = norms.running_statistic

    monkeypatch.setattr(norms, "running_statistic", lambda *given: original(*given) * (1 + 1e-6))
    assert caught() is not None
