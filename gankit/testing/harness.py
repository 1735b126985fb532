"""Train the clauses' problems on a backend and on the reference."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from numpy.typing import NDArray

from gankit.contract import (
    AnyLabels,
    Array,
    Backend,
    Batch,
    Block,
    BlockTrainer,
    Problem,
    State,
    Trainer,
)
from gankit.contract.loss_columns import row
from gankit.plugins import get_backend
from gankit.testing.agreement import assert_close
from gankit.training import StepShape, alternate, plan


@dataclass(frozen=True, eq=False)
class Setup:
    """A problem with its images and the steps to train on.

    Attributes
    ----------
    images
        `(N, height, width, channels)`, uint8 or scaled.
    labels
        `(N,)`, or None if the problem has no classes.
    batch_size
        Images in a batch.
    source
        The sources, if the problem has some.
    """

    problem: Problem
    images: NDArray[Any]
    n_critic: int = 1
    labels: AnyLabels | None = None
    batch_size: int = 16
    source: NDArray[Any] | None = None

    def steps(self, start: int, stop: int) -> Block:
        """Plan the steps from `start` to `stop`, without `stop`."""
        step_shape = StepShape(self.batch_size, self.n_critic)
        sources = None if self.source is None else len(self.source)
        return plan(self.problem, step_shape, len(self.images), start, stop - start, sources)

    def batch(self, start: int = 0) -> Batch:
        """Return the first batch of step `start`."""
        return next(self.batches(self.steps(start, start + 1)))[0]

    def batches(self, block: Block) -> Iterator[list[Batch]]:
        """Yield the batches of each step of a block."""
        return block.batches(self.problem, self.images, self.labels, self.source)

    def place(self, trainer: BlockTrainer) -> None:
        """Give a trainer of blocks the images, as `gankit.training.fit` does."""
        if self.source is None:
            trainer.place(self.images, self.labels)
        else:
            trainer.place(self.images, self.labels, self.source)

    def updates(self, trainer: Trainer, start: int, stop: int) -> Array:
        """Train update by update; return `(K, C)` losses, with the terms."""
        block = self.steps(start, stop)
        return alternate(trainer, self.batches(block))

    def block(self, trainer: Trainer, start: int, stop: int) -> Array:
        """Train as `gankit.training.fit` does: in one block if the trainer has `train_block`."""
        if not isinstance(trainer, BlockTrainer):
            return self.updates(trainer, start, stop)
        self.place(trainer)
        return trainer.train_block(self.steps(start, stop))


def build(backend: Backend, problem: Problem) -> Trainer:
    """Return a new trainer."""
    return backend.trainer(problem)


def ready(backend: Backend, problem: Problem) -> Trainer:
    """Return a cached trainer in its first state, because frameworks compile slowly."""
    trainer, first = _cached(backend, problem)
    trainer.load_state(first)
    return trainer


@functools.lru_cache(maxsize=64)
def _cached(backend: Backend, problem: Problem) -> tuple[Trainer, State]:
    trainer = backend.trainer(problem)
    return trainer, trainer.state()


def train_by_updates(backend: Backend, setup: Setup, steps: int) -> State:
    """Train from the first state, update by update; return the last state, with "losses"."""
    trainer = ready(backend, setup.problem)
    losses = setup.updates(trainer, 0, steps)
    return trainer.state() | {"losses": losses}


def reference() -> Backend:
    """Return the reference backend."""
    return get_backend("numpy")


def assert_matches_reference(backend: Backend, setup: Setup, steps: int, bound: float) -> None:
    """Train on both backends, update by update; fail unless losses and states agree.

    The failure names the first step, and the first update in it, after which they differ.
    """
    found, wanted = (train_by_updates(b, setup, steps) for b in (backend, reference()))
    try:
        assert_close(found, wanted, bound)
    except AssertionError as error:
        raise AssertionError(first_difference(backend, setup, steps, bound) or str(error)) from None


def first_difference(backend: Backend, setup: Setup, steps: int, bound: float) -> str:
    """Return the first update after which the backends differ, and how; "" if they agree."""
    trainers = [ready(b, setup.problem) for b in (backend, reference())]
    batches = setup.batches(setup.steps(0, steps))
    for step, (*discriminator, generator) in enumerate(batches, start=1):
        updates = [("discriminator", i, batch) for i, batch in enumerate(discriminator, start=1)]
        for player, number, batch in [*updates, ("generator", 1, generator)]:
            losses = [row(getattr(t, f"update_{player}")(batch)) for t in trainers]
            found, wanted = (
                {"loss": loss} | trainer.state()
                for loss, trainer in zip(losses, trainers, strict=True)
            )
            try:
                assert_close(found, wanted, bound)
            except AssertionError as error:
                where = f"step {step}, {player} update {number}"
                return f"differs from the reference in {where}: {error}"
    return ""


def supported(backend: Backend, problem: Problem) -> Problem:
    """Return `problem`, or skip if it needs a capability that `backend` does not claim."""
    for capability in sorted(problem.needs()):
        require(backend, capability)
    return problem


def require(backend: Backend, capability: str) -> None:
    """Skip if `backend` does not claim `capability`."""
    if capability not in backend.capabilities:
        pytest.skip(f"backend {backend.name!r} does not claim {capability!r}")
