"""Properties for random numbers: steps, plans, schedules, random inputs and augmentation."""

from __future__ import annotations

import dataclasses
import math
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gankit.augment import HALVES, TRANSFORMS, Augment, view
from gankit.contract import Problem, random_inputs
from gankit.layers import Dense, Flatten, LeakyReLU, Reshape, Tanh
from gankit.losses import BUILTIN
from gankit.optimizers import SGD, Adam, Average, RMSprop
from gankit.penalties import Penalty
from gankit.plugins import get_backend
from gankit.schedules import Schedule, value
from gankit.testing.ops import NumpyOps
from gankit.training import StepShape, alternate, plan
from tests.training.test_training import equal, joined

IMAGES = np.arange(9 * 24, dtype=np.uint8).reshape(9, 4, 3, 2)
BATCH = 3
RANGES = {"brightness": (-0.5, 0.5), "saturation": (0.0, 2.0), "contrast": (0.5, 1.5)}

shares = st.floats(0, 1, width=32)
updates = st.integers(1, 4)
schedules = st.builds(
    Schedule,
    st.sampled_from(["linear", "cosine"]),
    start=st.floats(0, 0.9),
    end=st.floats(0, 0.9),
    images=st.floats(1, 60),
)
rates = schedules | st.floats(0, 0.9)
learning_rates = schedules | st.floats(0, 0.9, exclude_min=True)
clips = st.none() | st.just(0.1)
optimizers = (
    st.builds(SGD, learning_rates, clip=clips)
    | st.builds(
        RMSprop,
        learning_rates,
        decay=shares.map(lambda x: x / 2),
        epsilon=st.just(1e-6),
        clip=clips,
    )
    | st.builds(
        Adam, learning_rates, beta1=st.just(0.5), beta2=rates, epsilon=st.just(1e-6), clip=clips
    )
)
penalties = st.builds(
    Penalty,
    st.sampled_from(["real", "fake", "between", "around"]),
    target=st.sampled_from([0, 1]),
    weight=rates,
    epsilon=st.just(1e-3),
    every=updates,
)
policies = st.lists(st.sampled_from(TRANSFORMS), min_size=1, unique=True).map(tuple)
augments = st.builds(Augment, policies, adaptive=st.booleans(), every=updates)
problems = st.builds(
    Problem,
    generator=st.just((Dense(24), Tanh(), Reshape((4, 3, 2)))),
    discriminator=st.just((Flatten(), Dense(4), LeakyReLU(0.2), Dense(1))),
    latent=st.just(3),
    image_shape=st.just((4, 3, 2)),
    loss=st.sampled_from(BUILTIN),
    generator_optimizer=optimizers,
    discriminator_optimizer=optimizers,
    fresh_noise=st.booleans(),
    average=st.none() | st.builds(Average, st.floats(1, 1000)),
    penalties=st.lists(penalties, max_size=2).map(tuple),
    augment=st.none() | augments,
    instance_noise=rates,
    flip=st.booleans(),
    precision=st.sampled_from(["float32", "float64"]),
    seed=st.integers(0, 2**63 - 1),
)
some = settings(max_examples=40, deadline=None)


@some
@given(problems, updates, st.integers(1, 3))
def test_a_step_updates_the_discriminator_n_critic_times_and_the_generator_once(
    problem, n_critic, steps
):
    trainer = get_backend("numpy").trainer(problem)
    counts = []
    for name in ("discriminator", "generator"):
        updater = trainer._updaters[name]
        updater.update = Mock(wraps=updater.update)
        counts.append(updater.update)
    block = plan(problem, StepShape(BATCH, n_critic), len(IMAGES), 0, steps)
    alternate(trainer, block.batches(problem, IMAGES, None))
    assert [count.call_count for count in counts] == [n_critic * steps, steps]


@some
@given(problems, updates, st.integers(0, 10**6), st.tuples(updates, updates))
def test_a_plan_split_anywhere_is_the_same_plan(problem, n_critic, start, sizes):
    step_shape, (first, second) = StepShape(BATCH, n_critic), sizes
    whole = plan(problem, step_shape, len(IMAGES), start, first + second)
    parts = [
        plan(problem, step_shape, len(IMAGES), start, first),
        plan(problem, step_shape, len(IMAGES), start + first, second),
    ]
    assert equal(whole, joined(*parts))


@some
@given(schedules, st.lists(st.floats(0, 100), min_size=2))
def test_a_schedule_is_monotonic_between_its_ends(schedule, seen):
    reached = [schedule.at(n) for n in sorted(seen)]
    low, high = sorted((schedule.start, schedule.end))
    assert all(low - 1e-12 <= v <= high + 1e-12 for v in reached)
    ways = np.diff(reached) * (1 if schedule.end >= schedule.start else -1)
    assert (ways >= -1e-12).all()
    assert schedule.at(0) == schedule.start
    assert schedule.at(schedule.images) == pytest.approx(schedule.end, abs=1e-12)
    assert schedule.at(10 * schedule.images) == pytest.approx(schedule.end, abs=1e-12)


@some
@given(schedules, shares)
def test_a_schedule_is_its_formula(schedule, share):
    a, b, n = schedule.start, schedule.end, share * schedule.images
    if schedule.schedule == "linear":
        wanted = a + (b - a) * n / schedule.images
    else:
        wanted = a + (b - a) * 0.5 * (1 - math.cos(math.pi * n / schedule.images))
    assert schedule.at(n) == pytest.approx(wanted, abs=1e-12)


@some
@given(problems, updates, updates)
def test_the_random_inputs_have_the_shapes_of_the_plan(problem, n_critic, steps):
    block = plan(problem, StepShape(BATCH, n_critic), len(IMAGES), 0, steps)
    lead = (steps, n_critic + 1, BATCH)
    wanted = {
        name: ((*lead, *shape), dtype)
        for name, (shape, dtype) in random_inputs.layout(problem).items()
    }
    assert {name: (draw.shape, draw.dtype) for name, draw in block.random.items()} == wanted


@some
@given(problems, st.integers(0, 10**6))
def test_a_penalty_is_due_once_every_so_many_updates(problem, start):
    n_critic, steps = 3, 8
    block = plan(problem, StepShape(BATCH, n_critic), len(IMAGES), start, steps)
    first = start * n_critic
    for i, penalty in enumerate(problem.penalties):
        weights = block.scalars[f"penalty/{i}"]
        assert not weights[:, -1].any()
        for update, weight in enumerate(weights[:, :-1].ravel(), first):
            now = value(penalty.weight, (update // n_critic) * BATCH)
            wanted = penalty.every * now if update % penalty.every == 0 else 0.0
            assert weight == pytest.approx(wanted, abs=1e-12)


@some
@given(policies, st.sampled_from(HALVES), st.integers(0, 99))
def test_augmentation_with_neutral_numbers_changes_nothing(policy, half, seed):
    made, images = drawn(Augment(policy), seed), pictures(seed)
    neutral = {name: neutralised(name, array) for name, array in made.items()}
    seen = view(NumpyOps(), Augment(policy), images, half, neutral, sigma=0.0)
    np.testing.assert_allclose(seen, images, atol=1e-12)


@some
@given(policies, st.sampled_from(HALVES), st.integers(0, 99))
def test_adaptive_augmentation_with_probability_0_changes_nothing(policy, half, seed):
    augment, images = Augment(policy, adaptive=True), pictures(seed)
    seen = view(NumpyOps(), augment, images, half, drawn(augment, seed), sigma=0.0, p=0.0)
    np.testing.assert_array_equal(seen, images)


@some
@given(policies, st.sampled_from(HALVES), st.integers(0, 99))
def test_adaptive_augmentation_with_probability_1_equals_fixed_augmentation(policy, half, seed):
    augment, images = Augment(policy, adaptive=True), pictures(seed)
    made = drawn(augment, seed)
    always = view(NumpyOps(), augment, images, half, made, sigma=0.0, p=1.0)
    plain = view(NumpyOps(), Augment(policy), images, half, made, sigma=0.0)
    np.testing.assert_allclose(always, plain, atol=1e-12)


@some
@given(st.integers(0, 99), st.tuples(st.integers(1, 33), st.integers(1, 33)))
def test_augmented_images_are_within_their_ranges(seed, sides):
    made = drawn(Augment(TRANSFORMS), seed, (*sides, 2))
    for half in HALVES:
        own = {name: made[f"augment/{half}/{name}"] for name in names(made, half)}
        for name, (low, high) in RANGES.items():
            assert low <= own[f"{name}/value"].min() <= own[f"{name}/value"].max() <= high
        most = np.floor(np.array(sides) / 8 + 0.5)
        assert (np.abs(own["translation/offsets"]) <= most).all()
        (row_scale, *_), (scale, sine, down) = np.moveaxis(own["affine/maps"], 0, -1)
        areas = row_scale * scale  # The shear changes none.
        assert (np.abs(np.log(areas)) <= 2 * 0.2 + 1e-5).all()
        assert (np.abs(sine) <= np.sqrt(areas) * math.sin(0.3) + 1e-5).all()
        assert np.abs(down).max() <= 0.075 * sides[0] + 1e-5
        for role, axis, side in (("rows", 1, sides[0]), ("columns", 2, sides[1])):
            span = own[f"cutout/{role}"]
            assert set(np.unique(span)) <= {0.0, 1.0}
            assert (span.sum(axis=axis) <= math.floor(side / 2 + 0.5)).all()


@some
@given(shares, st.floats(-8, 8), updates, st.integers(1, 512), st.floats(1, 1e6))
def test_the_augmentation_probability_stays_between_0_and_1(p, signs, count, batch, images):
    moved = Augment(adaptive=True, images=images).moved(p, signs, count, batch)
    assert 0 <= moved <= 1
    assert abs(moved - p) <= batch * 4 / images + 1e-12


def drawn(augment, seed, shape=(6, 5, 3)):
    """Return the random inputs of one update's batch."""
    problem = dataclasses.replace(PLAIN, augment=augment, seed=seed)
    made = random_inputs.draw(dataclasses.replace(problem, **blank(shape)), BATCH, 2, 0)
    return {name: array[0] for name, array in made.items()}


def blank(shape):
    """Return a problem's fields for images of `shape`."""
    size = math.prod(shape)
    return {"image_shape": shape, "generator": (Dense(size), Reshape(shape))}


PLAIN = Problem(
    discriminator=(Flatten(), Dense(1)),
    latent=3,
    loss=BUILTIN[0],
    generator_optimizer=SGD(0.1),
    discriminator_optimizer=SGD(0.1),
    precision="float64",
    **blank((6, 5, 3)),
)


def pictures(seed):
    """Return a batch of images."""
    return np.random.default_rng(seed).uniform(-1, 1, (BATCH, 6, 5, 3))


def neutralised(name, array):
    """Return random inputs with which a transform changes nothing."""
    *_, transform, role = name.split("/")
    if role == "maps":
        return np.broadcast_to(np.array([1, 0, 0], array.dtype), array.shape)
    neutral = 1 if role == "value" and transform in ("saturation", "contrast") else 0
    return np.full_like(array, neutral)


def names(made, half):
    """Return the names of one half's random inputs, without the half's prefix."""
    start = f"augment/{half}/"
    return [name.removeprefix(start) for name in made if name.startswith(start)]
