"""Each mistake in what several processes sum is noticed: they no longer equal one.

`test_torch_sums` trains the same problems without the mistakes.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from gankit.functional import follow
from gankit.functional.normalize import moments
from gankit.functional.objective import Objective
from gankit.functional.passes import Passes
from gankit.testing import assert_close
from tests import world_problems
from tests.selection import selected
from tests.thread_worlds import together
from tests.world_problems import trained

if not selected("torch"):
    pytest.skip("torch is not among the backends under test", allow_module_level=True)

import torch
from gankit_torch.sums import _Whole

from tests.torch_worlds import TORCH, by_functional, by_torch

BOUND = 1e-9
STEPS = 2
NORMS = ("gankit_torch.norms.batch_moments", "gankit.functional.forward.batch_moments")
MASKS = ("gankit_torch.dropout_masks.own_rows", "gankit.contract.dropout_masks.own_rows")
FOLLOWERS = ("gankit_torch.followers.follow", "gankit.functional.followers.follow")


def local_moments(xp, _sums, x, axes):
    return moments(xp, x, axes)


def means_of_means(xp, sums, x, axes):
    mean, variance = moments(xp, x, axes)
    whole = sums.total(mean) / sums.world.size
    return whole, sums.total(variance + xp.square(mean - whole)) / sums.world.size


def unsummed(_sums, gradients):
    return gradients


def first_rows(world, batch, halves):
    own = world.rows(batch)
    return [slice(batch * i, batch * i + own.stop - own.start) for i in range(halves)]


def penalties_of_own_rows(passes, *rows, whole=Passes.whole):
    return rows if rows[0].ndim == 1 else whole(passes, *rows)


def losses_of_own_rows(passes, *rows, whole=Passes.whole):
    return rows if rows[0].ndim == 2 else whole(passes, *rows)


def not_summed_backwards(_context, gradient):
    return gradient, None


def in_the_order_of_ranks(sums, batch, *rows):
    own, count = sums.world.rows(batch), len(rows)
    places = slice(count * own.start, count * own.stop)
    return _Whole.apply(torch.cat(rows)[None], count * batch, places, sums.reduce)[0].chunk(count)


def terms_of_own_rows(objective, term, passes, outputs, of_head=Objective._of_head):
    own, inputs = passes.rows, passes.inputs
    inputs = inputs._replace(noise=own(inputs.noise), labels=own(inputs.labels))
    outputs = {half: own(made) for half, made in outputs.items()}
    return of_head(objective, term, replace(passes, inputs=inputs), outputs)


def features_of_own_rows(_ops, fakes, reals):
    return ((fakes.mean(0) - reals.mean(0)) ** 2).sum()


def follow_own_logits(ops, follower, scalars, real, fake):
    own = ops.sums.world.rows(len(real))
    return follow(ops, follower, scalars, real[own], fake[own])


class Mistake(NamedTuple):
    """What is put at some places, and the problem and the number of processes that show it."""

    places: tuple[str, ...]
    wrong: Any
    problem: str
    size: int = 2


MISTAKES = {
    "statistics of own rows": Mistake(NORMS, local_moments, "batch norm, fake"),
    "means of means of uneven rows": Mistake(NORMS, means_of_means, "batch norm, fake", 3),
    "a deviation of own rows": Mistake(
        ("gankit.functional.penalties.batch_moments",), local_moments, "batch norm, around"
    ),
    "gradients that are not summed": Mistake(
        ("gankit_torch.sums.TorchSums.summed",), unsummed, "batch norm, fake"
    ),
    "a derivative of total that is not summed": Mistake(
        ("gankit_torch.sums._Total.backward",),
        staticmethod(not_summed_backwards),
        "batch norm, fake",
    ),
    "masks of the first rows": Mistake(MASKS, first_rows, "classifier"),
    "a penalty of own rows": Mistake(
        ("gankit.functional.passes.Passes.whole",),
        penalties_of_own_rows,
        "batch norm, between",
    ),
    "a loss of own logits": Mistake(
        ("gankit.functional.passes.Passes.whole",), losses_of_own_rows, "batch norm, fake"
    ),
    "rows in the order of ranks": Mistake(
        ("gankit_torch.sums.TorchSums.whole",), in_the_order_of_ranks, "batch norm, fake"
    ),
    "labels and codes of own rows": Mistake(
        ("gankit.functional.objective.Objective._of_head",), terms_of_own_rows, "classifier"
    ),
    "features of own rows": Mistake(
        ("gankit.functional.objective.matched",), features_of_own_rows, "classifier"
    ),
    "an augmentation that follows own logits": Mistake(FOLLOWERS, follow_own_logits, "classifier"),
    "a loss that follows own logits": Mistake(FOLLOWERS, follow_own_logits, "projection"),
}


@functools.cache
def one(build, name):
    return trained(build, world_problems.setup(TORCH, name), steps=STEPS)


@pytest.mark.parametrize("build", [by_torch, by_functional])
@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_what_is_summed_is_noticed(name, build, monkeypatch):
    mistake = MISTAKES[name]
    wanted = one(build, mistake.problem)
    setup = world_problems.setup(TORCH, mistake.problem)
    for place in mistake.places:
        monkeypatch.setattr(place, mistake.wrong)
    many = together(mistake.size, lambda world: trained(build, setup, world, steps=STEPS))
    with pytest.raises(AssertionError, match="differ by more than 1e-09"):
        assert_close(many[0], wanted, BOUND)
