"""The tests that `gankit plugins check` runs.

pytest collects this file with the plugin `gankit.testing.runner.reporting.Reporter`, which has the
fixtures `checked_backend` and `checked_pair`.
"""

from __future__ import annotations

import pytest

from gankit.contract import Backend
from gankit.testing.clauses.native import NativePair
from gankit.testing.contract import BackendContract

NO_PAIR = "no native pair"
"""Why clauses about native networks do not run without `--native-pair`."""


class TestBackend(BackendContract):
    """Every clause, on the backend under test."""

    @pytest.fixture
    def backend(self, checked_backend: Backend) -> Backend:
        """Return the backend."""
        return checked_backend

    @pytest.fixture
    def native_pair(self, backend: Backend, checked_pair: NativePair) -> NativePair:
        """Return the function that builds native networks; skip if it is needed and missing."""
        if checked_pair is None and "native" in backend.capabilities:
            pytest.skip(NO_PAIR)
        return checked_pair
