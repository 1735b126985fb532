"""The clauses, on a backend whose trainers are those of one of several processes."""

from __future__ import annotations

import pytest

from gankit.contract import Backend
from gankit.testing import BackendContract


class TestInLockstep(BackendContract):
    """Every clause, on the backend of the plugin `tests.lockstep.process.Lockstep`."""

    @pytest.fixture
    def backend(self, backend_in_lockstep: Backend) -> Backend:
        """Return the backend under test."""
        return backend_in_lockstep
