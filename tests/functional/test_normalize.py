"""Moments of a batch over several processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest

from gankit.functional import batch_moments, mean_of_groups
from gankit.functional.normalize import moments
from gankit.functional.penalties import batch_deviation
from gankit.layers import MinibatchStd

X = np.random.default_rng(0).normal(2.0, 3.0, (12, 3, 2, 5))
AXES = (0, 1, 2)


@dataclass
class Place:
    """What `batch_moments` reads of a `World`."""

    rank: int
    size: int


@dataclass
class Meeting:
    """Sums over processes that are called one after the other, twice: the second time counts."""

    world: Place
    arrays: dict[int, np.ndarray] = field(default_factory=dict)

    def total(self, array):
        self.arrays[self.world.rank] = array
        return sum(self.arrays.values())


class NoMeeting:
    """Sums that must not be used."""

    world = Place(0, 1)


@pytest.mark.parametrize("ends", [[6], [1], [2, 7], [1, 2, 11]])
def test_processes_of_any_number_of_rows_have_the_moments_of_the_batch(ends):
    parts = np.split(X, ends)
    arrays: dict[int, np.ndarray] = {}
    meetings = [Meeting(Place(rank, len(parts)), arrays) for rank in range(len(parts))]
    for _ in range(2):
        pairs = zip(meetings, parts, strict=True)
        found = [batch_moments(np, meeting, part, AXES) for meeting, part in pairs]
    assert all(len(array) == len(parts) for array in arrays.values())
    for mean, variance in found:
        np.testing.assert_allclose(mean, moments(np, X, AXES)[0], rtol=1e-13)
        np.testing.assert_allclose(variance, moments(np, X, AXES)[1], rtol=1e-13)
        np.testing.assert_array_equal([mean, variance], found[0])


def test_one_process_exchanges_nothing():
    np.testing.assert_array_equal(batch_moments(np, NoMeeting, X, AXES), moments(np, X, AXES))


@pytest.mark.parametrize("ends", [[], [6], [2, 7]])
def test_processes_have_the_deviation_of_all_values_of_the_batch(ends):
    parts = np.split(X, ends)
    arrays: dict[int, np.ndarray] = {}
    meetings = [Meeting(Place(rank, len(parts)), arrays) for rank in range(len(parts))]
    sums = meetings if ends else [NoMeeting]
    places = [SimpleNamespace(xp=np, sums=one) for one in sums]
    for _ in range(2):
        pairs = zip(places, parts, strict=True)
        found = [float(np.squeeze(batch_deviation(*pair))) for pair in pairs]
    assert found == pytest.approx([X.std()] * len(parts), rel=1e-13)


@pytest.mark.parametrize("ends", [[], [1], [1, 3]])
def test_processes_have_the_mean_deviation_of_all_groups(ends):
    deviations = np.random.default_rng(0).uniform(0, 1, (4, 1))
    parts = np.split(deviations, ends)
    arrays: dict[int, np.ndarray] = {}
    meetings = [Meeting(Place(rank, len(parts)), arrays) for rank in range(len(parts))]
    for _ in range(2):
        pairs = zip(meetings if ends else [NoMeeting], parts, strict=True)
        found = [mean_of_groups(np, meeting, part, MinibatchStd(2)) for meeting, part in pairs]
    for mean in found:
        np.testing.assert_allclose(mean, [deviations.mean()], rtol=1e-13)
