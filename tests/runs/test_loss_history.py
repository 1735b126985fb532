"""A run's losses: an array with named columns."""

from __future__ import annotations

import copy
import pickle

import numpy as np

from gankit.runs.loss_history import LossHistory

ROWS = [[1.5, 0.5], [1.25, 0.75], [1.0, 1.0]]
HISTORY = LossHistory(ROWS)


def test_a_history_is_an_array_with_named_columns():
    assert np.array_equal(HISTORY, ROWS)
    assert (HISTORY.shape, HISTORY.dtype) == ((3, 2), np.float64)
    assert HISTORY.discriminator.tolist() == [1.5, 1.25, 1.0]
    assert HISTORY.generator.tolist() == [0.5, 0.75, 1.0]
    assert LossHistory([]).shape == (0, 2)


def test_slices_and_results_are_plain_arrays():
    results = [HISTORY[1:], HISTORY[-1], HISTORY + 1, HISTORY != ROWS, HISTORY.mean(axis=0)]
    assert {type(result) for result in results} == {np.ndarray}
    assert isinstance(HISTORY[0, 1], float)
    assert isinstance(HISTORY.max(), float)


def test_a_history_is_pickled_copied_and_printed():
    pickled = pickle.loads(pickle.dumps(HISTORY))  # noqa: S301 - our own.
    for twin in (pickled, copy.deepcopy(HISTORY), HISTORY.copy()):
        assert type(twin) is LossHistory
        assert np.array_equal(twin.generator, HISTORY.generator)
    assert repr(HISTORY).startswith("LossHistory([[1.5 , 0.5 ],")
