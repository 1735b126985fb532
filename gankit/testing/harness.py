"""What the clauses put trainers through."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit.contract import (
    Array,
    Backend,
    Batch,
    Block,
    BlockTrainer,
    Labels,
    Problem,
    State,
    Trainer,
)
from gankit.plugins import get_backend
from gankit.testing.agreement import assert_close
from gankit.training import StepShape, alternate, plan


@dataclass(frozen=True, eq=False)
class Course:
    """A problem with its images: steps that any trainer can be put through.

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

    def steps(self, start: int, stop: int) -> Block:
        """Plan the steps from `start` to `stop`, that one excluded."""
        step_shape = StepShape(batch=16, n_critic=self.n_critic)
        return plan(self.problem, step_shape, len(self.images), start, stop - start)

    def batch(self, start: int = 0) -> Batch:
        """Return the first batch of step `start`."""
        block = self.steps(start, start + 1)
        return next(block.batches(self.problem, self.images, self.labels))[0]

    def updates(self, trainer: Trainer, start: int, stop: int) -> Array:
        """Train update by update; return `(K, 2)` losses."""
        block = self.steps(start, stop)
        return alternate(trainer, block.batches(self.problem, self.images, self.labels))

    def block(self, trainer: Trainer, start: int, stop: int) -> Array:
        """Train as `gankit.training.fit` would: in one block where the trainer can."""
        if not isinstance(trainer, BlockTrainer):
            return self.updates(trainer, start, stop)
        trainer.place(self.images, self.labels)
        return trainer.train_block(self.steps(start, stop))


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


def one_by_one(backend: Backend, course: Course, steps: int) -> State:
    """Train from the first state, update by update; return the last one, with "losses"."""
    trainer = ready(backend, course.problem)
    losses = course.updates(trainer, 0, steps)
    return trainer.state() | {"losses": losses}


def reference() -> Backend:
    """Return the backend that the others are held against."""
    return get_backend("numpy")


def assert_follows_the_reference(
    backend: Backend, course: Course, steps: int, bound: float
) -> None:
    """Train update by update here and in the reference; fail unless losses and states agree.

    The failure names the first update and the first update in it after which they do not.
    """
    found, wanted = (one_by_one(b, course, steps) for b in (backend, reference()))
    try:
        assert_close(found, wanted, bound)
    except AssertionError as error:
        raise AssertionError(first_parting(backend, course, steps, bound) or str(error)) from None


def first_parting(backend: Backend, course: Course, steps: int, bound: float) -> str:
    """Return after which update two trainers first disagree, and by what; "" if they agree."""
    trainers = [ready(b, course.problem) for b in (backend, reference())]
    batches = course.steps(0, steps).batches(course.problem, course.images, course.labels)
    for step, (*critic, last) in enumerate(batches, start=1):
        updates = [("discriminator", i, batch) for i, batch in enumerate(critic, start=1)]
        for player, number, batch in [*updates, ("generator", 1, last)]:
            losses = [float(getattr(t, f"update_{player}")(batch)) for t in trainers]
            found, wanted = (
                {"loss": np.array(loss)} | trainer.state()
                for loss, trainer in zip(losses, trainers, strict=True)
            )
            try:
                assert_close(found, wanted, bound)
            except AssertionError as error:
                where = f"step {step}, {player} update {number}"
                return f"differs from the reference in {where}: {error}"
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
