"""Tests that a backend keeps the contract: one test class, for authors of backends.

The complete test file of a backend `mine`:

    import gankit
    import pytest
    from gankit.testing import BackendContract


    class TestMine(BackendContract):
        @pytest.fixture
        def backend(self):
            return gankit.get_backend("mine")
"""

import pytest

# A clause that fails shows what it compared, which pytest does for its user's own files only.
pytest.register_assert_rewrite("gankit.testing.clauses")

from gankit.testing.agreement import assert_close, assert_identical  # noqa: E402
from gankit.testing.contract import BackendContract  # noqa: E402
from gankit.testing.problems import images  # noqa: E402

__all__ = ["BackendContract", "assert_close", "assert_identical", "images"]
