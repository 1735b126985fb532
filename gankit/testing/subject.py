"""The tests that `gankit plugins check` runs.

pytest collects this file with the plugin `gankit.testing.runner.reporting.Reporter`, which has the
fixtures `subject_of_check` and `checked_pair`.
"""

from __future__ import annotations

import pytest

from gankit.contract import Backend
from gankit.data import Dataset
from gankit.losses import Loss
from gankit.testing.clauses.native import NativePair
from gankit.testing.contract import BackendContract, DatasetContract, LossContract

NO_PAIR = "no native pair"
"""Why clauses about native networks do not run without `--native-pair`."""


class TestBackend(BackendContract):
    """Every clause, on the backend under test."""

    @pytest.fixture
    def backend(self, subject_of_check: Backend) -> Backend:
        """Return the backend."""
        return subject_of_check

    @pytest.fixture
    def native_pair(self, backend: Backend, checked_pair: NativePair) -> NativePair:
        """Return the function that builds native networks; skip if it is needed and missing."""
        if checked_pair is None and "native" in backend.capabilities:
            pytest.skip(NO_PAIR)
        return checked_pair


class TestLoss(LossContract):
    """Every clause, on the loss under test."""

    @pytest.fixture
    def loss(self, subject_of_check: Loss) -> Loss:
        """Return the loss."""
        return subject_of_check


class TestDataset(DatasetContract):
    """Every clause, on the data set under test."""

    @pytest.fixture
    def dataset(self, subject_of_check: Dataset) -> Dataset:
        """Return the data set."""
        return subject_of_check
