"""The watchdog separates failing runs from healthy ones and names a remedy."""

from __future__ import annotations

import itertools
import types
import warnings

import numpy as np
import pytest

from gankit import losses
from gankit.api import ADAM
from gankit.callbacks import Watchdog, never
from gankit.callbacks.training_failures import (
    WINDOW,
    WON_LOSS_SHARE,
    HealthWarning,
    discriminator_won,
    exploding_losses,
    image_spread,
    loss_of_zero_logits,
)
from gankit.callbacks.watchdog import BATCH, COLLAPSE_CHECKS, LEAST_STEPS, TIME_SHARE
from gankit.contract import Problem
from gankit.layers import Dense, Flatten, Reshape, Tanh
from gankit.training import Progress

IMAGES = np.random.default_rng(0).integers(0, 256, (300, 4, 4, 1), np.uint8)
PROBLEM = Problem(
    generator=(Dense(16), Tanh(), Reshape((4, 4, 1))),
    discriminator=(Flatten(), Dense(1)),
    latent=3,
    image_shape=(4, 4, 1),
    loss=losses.NONSATURATING,
    generator_optimizer=ADAM,
    discriminator_optimizer=ADAM,
)


def varied(noise, _labels):
    return np.tanh(np.random.default_rng(1).standard_normal((len(noise), 4, 4, 1)))


def constant(noise, _labels):
    return np.full((len(noise), 4, 4, 1), 0.25)


def one_a_class(noise, labels):
    return np.broadcast_to(labels[:, None, None, None] / 10, (len(noise), 4, 4, 1))


def watched(generator, steps, discriminator_loss=1.0, generator_loss=0.7, problem=PROBLEM):
    """Return the watchdog's warnings for a run of blocks of 10 steps; checks cost no time."""
    said = []
    dog = Watchdog(problem, IMAGES, tell=said.append, clock=lambda: 0.0)
    trainer = types.SimpleNamespace(generator=generator)
    block = np.tile([discriminator_loss, generator_loss], (10, 1))
    for step in range(10, steps + 1, 10):
        dog(Progress(step, block, trainer, step == steps))
    return said


def test_a_healthy_run_causes_no_warning():
    assert watched(varied, 3000) == []


def test_a_generator_that_makes_one_image_has_collapsed():
    (said,) = watched(constant, 3000)
    assert said.startswith("after step ")
    assert "nearly the same image for any noise" in said
    assert "0.0%" in said


def test_a_generator_that_makes_one_image_for_each_class_has_collapsed():
    problem = types.SimpleNamespace(
        **vars(PROBLEM), scale=PROBLEM.scale, labels_in_turn=lambda n: np.arange(n) % 10
    )
    (said,) = watched(one_a_class, 3000, problem=problem)
    assert "nearly the same image" in said


def test_one_odd_batch_is_no_collapse():
    looks = itertools.cycle([constant, varied])

    def odd(noise, labels):
        return next(looks)(noise, labels)

    assert watched(odd, 3000) == []
    assert COLLAPSE_CHECKS > 1


@pytest.mark.parametrize("loss", [x for x in losses.BUILTIN if loss_of_zero_logits(x)])
def test_a_discriminator_that_is_always_right_has_won(loss):
    nothing = loss_of_zero_logits(loss)
    seen = np.tile([WON_LOSS_SHARE * nothing / 2, 9.0], (WINDOW, 1))
    assert "has won" in discriminator_won(seen, loss)
    seen[:, 0] = 0.05 * nothing
    assert discriminator_won(seen, loss) is None


@pytest.mark.parametrize("loss", [losses.WASSERSTEIN, losses.BEGAN])
def test_a_critic_whose_loss_has_no_bound_cannot_win(loss):
    assert discriminator_won(np.full((WINDOW, 2), -900.0), loss) is None


@pytest.mark.parametrize(("row", "who"), [((-2e3, 5), "discriminator"), ((1, 3e4), "generator")])
def test_exploding_losses_are_reported(row, who):
    assert f"the loss of the {who} explodes" in exploding_losses(np.tile(row, (WINDOW, 1)))
    assert exploding_losses(np.tile(row, (WINDOW - 1, 1))) is None, "too few to tell"
    assert exploding_losses(np.full((WINDOW, 2), 60.0)) is None


def test_each_warning_is_given_once_with_step_and_remedy():
    said = watched(constant, 5000, discriminator_loss=1e-4, generator_loss=2e3)
    assert len(said) == 3
    for line, remedy in zip(said, ("learning rates", "dropout", "dragan"), strict=True):
        assert "after step " in line
        assert remedy in line


def test_the_cost_of_a_check_decides_how_often_it_runs():
    seconds, costs, looks = [0.0], 0.2, []

    def slow(noise, labels):
        seconds[0] += costs
        looks.append(step)
        return varied(noise, labels)

    dog = Watchdog(PROBLEM, IMAGES, clock=lambda: seconds[0])
    for step in range(1, 30_001):
        seconds[0] += 0.01
        dog(Progress(step, np.ones((1, 2)), types.SimpleNamespace(generator=slow), done=False))
    assert len(looks) * costs <= TIME_SHARE * seconds[0] + costs
    assert len(looks) > 10
    assert min(np.diff(looks)) >= LEAST_STEPS
    assert looks[0] >= WINDOW


def test_after_a_resume_the_steps_before_count():
    said = []
    before = np.tile([1e-4, 9.0], (WINDOW, 1))
    dog = Watchdog(PROBLEM, IMAGES, before, tell=said.append)
    trainer = types.SimpleNamespace(generator=varied)
    dog(Progress(WINDOW + 1, before[:1], trainer, done=True))
    assert "has won" in said[0]


def test_the_watchdog_needs_no_block_boundary():
    assert Watchdog(PROBLEM, IMAGES).next_boundary(5) == never


@pytest.mark.parametrize("count", [1, 2, BATCH - 1])
def test_a_data_set_may_be_smaller_than_a_batch(count):
    dog = Watchdog(PROBLEM, IMAGES[:count], tell=pytest.fail)
    trainer = types.SimpleNamespace(generator=varied)
    for step in range(10, 900, 10):
        dog(Progress(step, np.ones((10, 2)), trainer, done=False))


def test_diversity_is_the_mean_distance_to_the_nearest_other_image():
    corners = np.zeros((4, 1, 2, 1))
    corners[:, 0, :, 0] = [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert image_spread(corners) == pytest.approx(np.sqrt(1 / 2))
    assert image_spread(np.repeat(corners, 2, axis=0)) == 0
    assert image_spread(corners[:1]) == 0


HARD = ("discriminator.optimizer.learning_rate=0.02", "generator.optimizer.learning_rate=1e-9")


def test_a_run_whose_discriminator_wins_warns_and_continues(command, machine):
    (machine / "tiny.toml").write_text(
        "latent = 4\nbatch = 8\n"
        '[generator]\nlayers = [{ layer = "dense", units = 784 }, { layer = "tanh" },'
        ' { layer = "reshape", shape = [28, 28, 1] }]\n'
        '[discriminator]\nlayers = [{ layer = "flatten" }, { layer = "dense", units = 8 },'
        ' { layer = "leaky-relu", slope = 0.2 }, { layer = "dense", units = 1 }]\n'
    )
    settings = [word for setting in HARD for word in ("--set", setting)]
    ended = command(
        "train",
        "--backend",
        "numpy",
        "--dataset",
        "glyphs",
        "--config",
        "tiny.toml",
        "--steps",
        400,
        "--out",
        "run",
        *settings,
    )
    assert ended.code == 0, ended.err
    (said,) = [line for line in ended.err.splitlines() if "warning" in line]
    assert said.startswith("gankit: warning: after step ")
    assert "the discriminator has won" in said


def test_a_warning_can_be_filtered_by_its_class():
    with warnings.catch_warnings():
        warnings.simplefilter("error", HealthWarning)
        dog = Watchdog(PROBLEM, IMAGES)
        trainer = types.SimpleNamespace(generator=varied)
        with pytest.raises(HealthWarning, match="explode"):
            dog(Progress(300, np.full((300, 2), 5e3), trainer, done=False))
