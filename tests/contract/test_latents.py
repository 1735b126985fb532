"""Latent vectors: normal, truncated and interpolated."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gankit
from gankit.contract.latents import interpolated, latents, truncated
from gankit.errors import ConfigError
from gankit.layers import Dense, Embedding, Flatten, Reshape, Tanh

BOUNDS = (0.01, 0.7, 1.5, 2.0)


def lengths(noise):
    return np.linalg.norm(noise, axis=-1)


@pytest.mark.parametrize("bound", BOUNDS)
def test_truncation_bounds_noise_and_keeps_values_within_the_bound(bound):
    whole, cut = latents(50, 40, 3), truncated(50, 40, 3, bound)
    within = np.abs(whole) <= np.float32(bound)
    assert (np.abs(cut) <= np.float32(bound)).all()
    assert (cut[within] == whole[within]).all()
    assert cut.dtype == np.float32


@pytest.mark.parametrize("bound", BOUNDS)
def test_truncated_noise_has_the_truncated_normal_distribution(bound):
    cut = truncated(1000, 100, 0, bound).astype(np.float64)
    density = math.exp(-(bound**2) / 2) / math.sqrt(2 * math.pi)
    variance = 1 - 2 * bound * density / math.erf(bound / math.sqrt(2))
    assert abs(cut.mean()) < 5 * math.sqrt(variance / cut.size)
    assert cut.var() == pytest.approx(variance, rel=0.02)


@pytest.mark.parametrize("bound", [0.3, 2.0])
def test_more_truncated_noise_starts_with_the_same_values(bound):
    assert (truncated(20, 7, 5, bound)[:3] == truncated(3, 7, 5, bound)).all()


def test_bound_0_makes_zeros_and_no_bound_changes_nothing():
    assert not truncated(3, 4, 0, 0.0).any()
    assert np.abs(truncated(3, 4, 0, 1e-30)).max() <= np.float32(1e-30)
    assert (truncated(3, 4, 0, math.inf) == latents(3, 4, 0)).all()


@pytest.mark.parametrize("bound", [-0.1, math.nan])
def test_an_impossible_bound_is_refused(bound):
    with pytest.raises(ConfigError, match="truncation: got"):
        truncated(1, 1, 0, bound)


def test_a_path_has_a_constant_angular_speed():
    ends = np.array([[3.0, 0, 0], [0, 1, 0]], np.float32)
    (way,) = interpolated(ends, 4)
    np.testing.assert_allclose(lengths(way), [3, 7 / 3, 5 / 3, 1], rtol=1e-6)
    turned = np.degrees(np.arctan2(way[:, 1], way[:, 0]))
    np.testing.assert_allclose(turned, [0, 30, 60, 90], atol=1e-4)


def test_paths_start_and_end_exactly_at_their_ends():
    ends = np.stack([latents(5, 100, seed) for seed in (1, 2, 3)])
    ways = interpolated(ends, 6)
    assert ways.shape == (2, 6, 5, 100)
    assert (ways[:, 0] == ends[:-1]).all()
    assert (ways[:, -1] == ends[1:]).all()


def test_the_middle_of_a_path_has_the_norm_of_normal_noise():
    ends = np.stack([latents(200, 100, seed) for seed in (1, 2)])
    middle = interpolated(ends, 3)[0, 1]
    assert abs(lengths(middle).mean() - lengths(ends).mean()) < 0.02
    assert lengths(ends.mean(axis=0)).mean() < 0.75 * lengths(ends).mean()


def test_a_path_between_opposite_ends_goes_around_the_origin():
    end = latents(1, 6, 0)
    way = interpolated(np.stack([end, -end]), 5)[0, :, 0]
    np.testing.assert_allclose(lengths(way), lengths(end)[0], rtol=1e-5)
    assert abs((way[2] * end[0]).sum()) < 1e-5


@pytest.mark.parametrize("ends", [[[1.0, 2]] * 2, [[0.0, 0], [4, 2]], [[2.0], [-2]]])
def test_paths_between_equal_zero_and_one_dimensional_ends(ends):
    (way,) = interpolated(np.array(ends, np.float32), 5)
    np.testing.assert_allclose(way, np.linspace(ends[0], ends[1], 5), atol=1e-6)


@pytest.mark.parametrize(("count", "steps"), [(1, 4), (2, 1), (2, 0), (2, 10_001)])
def test_a_path_needs_two_ends_and_a_number_of_steps(count, steps):
    with pytest.raises(ConfigError):
        interpolated(np.ones((count, 2), np.float32), steps)


def test_a_runs_paths_lead_from_seed_to_seed_in_one_class():
    images = np.random.default_rng(0).integers(0, 256, (12, 3, 2, 1), dtype=np.uint8)
    generator = (Embedding(3), Dense(6), Tanh(), Reshape((3, 2, 1)))
    run = gankit.fit(
        images,
        generator,
        (Flatten(), Dense(1)),
        steps=2,
        latent=4,
        batch=4,
        labels=np.arange(12) % 3,
        backend="numpy",
    )
    ways = run.interpolate([5, 9, 5], steps=4, n=7)
    assert ways.shape == (7, 2, 4, 3, 2, 1)
    for seed, made in ((5, ways[:, 0, 0]), (9, ways[:, 0, -1]), (9, ways[:, 1, 0])):
        np.testing.assert_allclose(made, run.sample(7, seed), atol=1e-6)
    one = run.interpolate([5, 9], steps=2, n=3, labels=2, truncation=0.5)
    np.testing.assert_allclose(one[:, 0, 0], run.sample(3, 5, 2, truncation=0.5), atol=1e-6)
