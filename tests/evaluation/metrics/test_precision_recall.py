"""Precision, recall, density and coverage, compared with scikit-learn's neighbours."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from gankit.errors import ConfigError
from gankit.evaluation import Balls, balls, radii
from tests.evaluation.metrics.random_numbers import normal, rotation


def reach(features, k):
    return NearestNeighbors(n_neighbors=k).fit(features).kneighbors()[0][:, -1]


def found_elsewhere(fake, real, k):
    """Return the four metrics from complete matrices of distances."""
    table = np.linalg.norm(fake[:, None] - real, axis=2)
    inside = table <= reach(real, k)
    return Balls(
        precision=inside.any(1).mean(),
        recall=(table <= reach(fake, k)[:, None]).any(0).mean(),
        density=inside.sum() / (k * len(fake)),
        coverage=inside.any(0).mean(),
    )


def figures(found):
    return found.precision, found.recall, found.density, found.coverage


@pytest.mark.parametrize(("n", "m", "k"), [(60, 50, 5), (40, 70, 1), (620, 510, 3)])
def test_the_figures_equal_those_of_another_implementation(n, m, k):
    fake, real = 0.7 * normal(0, n, 4) + 0.4, normal(1, m, 4)
    found = figures(balls(fake, real, k))
    assert found == pytest.approx(figures(found_elsewhere(fake, real, k)))
    assert all(0 < figure < 1.5 for figure in found)
    assert len(set(found)) == 4  # One may not stand for another.


def test_radii_are_the_distances_to_the_kth_neighbour():
    features = normal(0, 1203, 3)
    np.testing.assert_allclose(np.sqrt(radii(features, 4)), reach(features, 4))


def test_memory_does_not_grow_with_the_images():
    features = normal(0, 6000, 8)
    tracemalloc.start()
    radii(features)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 6 * 500 * 6000 * 8 < 6000**2 * 8  # A few tables of 500 rows, and never a whole.


def test_equal_sets_cover_each_other():
    real = normal(0, 50, 3)
    # Each lies in its own ball too, and those of k others, on average.
    assert figures(balls(real, real, 5)) == (1, 1, 6 / 5, 1)


def test_distant_sets_have_no_overlap():
    real = normal(0, 50, 3)
    assert figures(balls(real + 100, real)) == (0, 0, 0, 0)


def test_equal_distributions_have_density_one():
    assert balls(normal(0, 1500, 2), normal(1, 1500, 2)).density == pytest.approx(1, abs=0.05)


def test_copies_of_one_image_are_precise_but_have_no_coverage():
    real = normal(0, 100, 3)
    found = balls(np.repeat(real[:1], 40, 0), real)
    assert found.precision == 1
    assert found.recall == 1 / 100
    assert found.coverage < 0.3


def test_equal_images_have_radius_0():
    # Far from 0, rounding would put them outside.
    copies = np.repeat(normal(0, 6, 8) + 1000.1, 7, 0)
    assert (radii(copies) == 0).all()
    assert figures(balls(copies, copies)) == (1, 1, 7 / 5, 1)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_order_and_rotation_do_not_matter(seed):
    fake, real = normal(seed, 30, 3) + 0.5, normal(seed + 1, 40, 3)
    order, turn = np.random.default_rng(seed).permutation(30), rotation(seed, 3)
    wanted = pytest.approx(figures(balls(fake, real)))
    assert figures(balls(fake[order], real)) == wanted
    assert figures(balls(fake @ turn, real @ turn)) == wanted


def test_known_radii_are_not_computed_again():
    fake, real = normal(0, 30, 3), normal(1, 40, 3)
    assert balls(fake, real, 5, radii(real)) == balls(fake, real, 5)
    assert balls(fake, real, 5, radii(real) * 0).density == 0


@pytest.mark.parametrize("k", [0, 6])
def test_too_few_images_for_the_neighbours_are_refused(k):
    with pytest.raises(ConfigError, match=f"neighbours: got {k} for 6 images"):
        radii(normal(0, 6, 2), k)
