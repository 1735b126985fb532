"""The contract on the backend that `gankit plugins check` was asked about.

pytest collects this file with `gankit.testing.runner.reporting.Reporter` as a plugin, which gives
it the backend.
"""

from __future__ import annotations

import pytest

from gankit.contract import Backend
from gankit.testing.clauses.native import NativePair
from gankit.testing.contract import BackendContract

NO_PAIR = "no native pair"
"""Why clauses about native networks do not run where nobody gave what builds them."""


class TestBackend(BackendContract):
    """Every clause, on that backend."""

    @pytest.fixture
    def backend(self, checked_backend: Backend) -> Backend:
        """Return the backend."""
        return checked_backend

    @pytest.fixture
    def native_pair(self, backend: Backend, checked_pair: NativePair) -> NativePair:
        """Return what builds native networks, or skip where nobody gave it."""
        if checked_pair is None and "native" in backend.capabilities:
            pytest.skip(NO_PAIR)
        return checked_pair
