"""A run stopped after any step resumes from its checkpoint to the same bits."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, NamedTuple

import pytest

from gankit import plugins
from gankit.runs import CheckpointStore
from gankit.testing.agreement import assert_identical, differing
from gankit.testing.full_problems import FAMILIES, with_all_features
from gankit.testing.harness import Setup, ready
from gankit.testing.problems import HIDDEN, discriminator, full, generator, images
from gankit.testing.rgb import rgb_setup as coloured
from tests.crash.repetitions import record
from tests.testing.test_contract import chosen

STEPS = 12
PLAIN = [f"{d}{a}" for d in ("dropout, ", "") for a in ("average", "no average")]
COMPONENTS = (
    "generator/",
    "discriminator/",
    "average/",
    "optimizer/generator/m/",
    "optimizer/generator/v/",
    "optimizer/generator/t",
    "optimizer/discriminator/",
    "step",
    "ada/p",
    "ada/signs",
    "ada/updates",
)
HALFWAY = 7
"""Odd, so that an adaptive augmentation has counted a step since it last moved."""


class Walk(NamedTuple):
    """A run with a checkpoint after each step, its last state, and its trainer."""

    course: Setup
    store: CheckpointStore
    end: dict[str, Any]
    trainer: Any


@pytest.fixture(params=chosen(), scope="module")
def backend(request):
    return plugins.get_backend(request.param)


@pytest.fixture(scope="module")
def walk(backend, tmp_path_factory):
    """Return a function that trains each course once; frameworks compile a trainer for seconds.

    That another trainer resumes to the same bits is a clause of the kit, and that another
    process does, test_killed_train.py.
    """

    @functools.cache
    def walked(kind, n_critic):
        course = course_of(backend, kind, n_critic)
        trainer = ready(backend, course.problem)
        store = CheckpointStore(tmp_path_factory.mktemp("walk"))
        return Walk(course, store, saved(store, trainer, course), trainer)

    return walked


def course_of(backend, kind, n_critic):
    """Return a course for the run: plain networks, or one of the families with all features."""
    if kind in FAMILIES:
        return coloured(with_all_features(backend, kind), n_critic)
    hidden = HIDDEN["dropout" if "dropout" in kind else "tanh"]
    problem = full(backend, generator=generator(*hidden), discriminator=discriminator(*hidden))
    if "no average" in kind:
        problem = dataclasses.replace(problem, average=None)
    return Setup(problem, images(), n_critic)


def saved(store, trainer, course):
    """Train step by step with a checkpoint after each; return the last state."""
    store.save(0, trainer.state())
    for r in range(STEPS):
        course.block(trainer, r, r + 1)
        store.save(r + 1, trainer.state())
    return trainer.state()


@pytest.mark.parametrize("n_critic", [1, 2])
@pytest.mark.parametrize("kind", [*PLAIN, *FAMILIES])
def test_a_run_stopped_after_any_step_resumes_to_the_same_bits(backend, walk, kind, n_critic):
    course, store, end, trainer = walk(kind, n_critic)
    before = None
    for k in range(STEPS + 1):
        state = store.load(k).state
        assert before is None or differing(before, state), f"step {k} changed nothing"
        trainer.load_state(state)
        if k < STEPS:
            course.block(trainer, k, STEPS)
        assert_identical(trainer.state(), end)
        before = state
    kinds = 2 * (len(PLAIN) + len(FAMILIES))
    record("every-step", f"{STEPS + 1} stops × {kinds} kinds of run on {backend.name}, same bits")


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_component_of_the_state_is_needed_to_resume(backend, walk, component):
    course, store, end, trainer = walk("classifier", 1)
    forgotten, state = store.load(0).state, store.load(HALFWAY).state
    names = [name for name in state if name.startswith(component)]
    if not names:
        pytest.skip(f"the state of {backend.name!r} has no {component!r}")
    lost = {name: forgotten[name] - (2 if name == "ada/signs" else 0) for name in names}
    trainer.load_state(state | lost)  # A sum of signs matters only by its own sign.
    course.block(trainer, HALFWAY, STEPS)
    assert differing(trainer.state(), end)
