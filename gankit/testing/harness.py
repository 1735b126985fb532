"""What the clauses put trainers through."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit._utils.state import State
from gankit.contract import Array, Backend, Batch, Block, BlockTrainer, Labels, Problem, Trainer
from gankit.plugins import get_backend
from gankit.testing.agreement import assert_close
from gankit.training import Regime, alternate, plan


@dataclass(frozen=True, eq=False)
class Course:
    """A problem with its images: rounds that any trainer can be put through.

    Attributes
    ----------
    images
        `(N, height, width, channels)`, uint8 or scaled.
    labels
        `(N,)`, where the problem has classes.
    """

    problem: Problem
    images: NDArray[Any]
    n_critic: int = 1
    labels: Labels | None = None

    def rounds(self, start: int, stop: int) -> Block:
        """Plan the rounds from `start` to `stop`, that one excluded."""
        regime = Regime(batch=16, n_critic=self.n_critic)
        return plan(self.problem, regime, len(self.images), start, stop - start)

    def batch(self, start: int = 0) -> Batch:
        """Return the first batch of round `start`."""
        block = self.rounds(start, start + 1)
        return next(block.batches(self.problem, self.images, self.labels))[0]

    def steps(self, trainer: Trainer, start: int, stop: int) -> Array:
        """Train step by step; return `(K, 2)` losses."""
        block = self.rounds(start, stop)
        return alternate(trainer, block.batches(self.problem, self.images, self.labels))

    def block(self, trainer: Trainer, start: int, stop: int) -> Array:
        """Train as `gankit.training.fit` would: in one block where the trainer can."""
        if not isinstance(trainer, BlockTrainer):
            return self.steps(trainer, start, stop)
        trainer.place(self.images, self.labels)
        return trainer.train_block(self.rounds(start, stop))


def build(backend: Backend, problem: Problem) -> Trainer:
    """Return a trainer that nobody has used."""
    return backend.trainer(problem)


def ready(backend: Backend, problem: Problem) -> Trainer:
    """Return a trainer in its first state, the same one each time: frameworks compile slowly."""
    trainer, first = _kept(backend, problem)
    trainer.load_state(first)
    return trainer


@functools.lru_cache(maxsize=64)
def _kept(backend: Backend, problem: Problem) -> tuple[Trainer, State]:
    trainer = backend.trainer(problem)
    return trainer, trainer.state()


def in_steps(backend: Backend, course: Course, rounds: int) -> State:
    """Train from the first state, step by step; return the last one, with "losses"."""
    trainer = ready(backend, course.problem)
    losses = course.steps(trainer, 0, rounds)
    return trainer.state() | {"losses": losses}


def reference() -> Backend:
    """Return the backend that the others are held against."""
    return get_backend("numpy")


def assert_follows_the_reference(
    backend: Backend, course: Course, rounds: int, bound: float
) -> None:
    """Train step by step here and in the reference; fail unless losses and states agree.

    The failure names the first step and the first update in it after which they do not.
    """
    found, wanted = (in_steps(b, course, rounds) for b in (backend, reference()))
    try:
        assert_close(found, wanted, bound)
    except AssertionError as error:
        raise AssertionError(first_parting(backend, course, rounds, bound) or str(error)) from None


def first_parting(backend: Backend, course: Course, rounds: int, bound: float) -> str:
    """Return after which update two trainers first disagree, and by what; "" if they agree."""
    trainers = [ready(b, course.problem) for b in (backend, reference())]
    batches = course.rounds(0, rounds).batches(course.problem, course.images, course.labels)
    for step, (*critic, last) in enumerate(batches, start=1):
        updates = [("discriminator", i, batch) for i, batch in enumerate(critic, start=1)]
        for player, number, batch in [*updates, ("generator", 1, last)]:
            losses = [float(getattr(t, f"{player}_step")(batch)) for t in trainers]
            found, wanted = (
                {"loss": np.array(loss)} | trainer.state()
                for loss, trainer in zip(losses, trainers, strict=True)
            )
            try:
                assert_close(found, wanted, bound)
            except AssertionError as error:
                update = f"{player} update {number}"
                return f"parts from the reference in step {step}, {update}: {error}"
    return ""


def possible(backend: Backend, problem: Problem) -> Problem:
    """Return `problem`, or skip where `backend` does not claim all that it needs."""
    for capability in sorted(problem.needs()):
        require(backend, capability)
    return problem


def require(backend: Backend, capability: str) -> None:
    """Skip where `backend` does not claim `capability`."""
    if capability not in backend.capabilities:
        pytest.skip(f"backend {backend.name!r} does not claim {capability!r}")
