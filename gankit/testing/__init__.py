"""Test a backend, a loss or a data set against its contract: a test class each, for authors.

The complete test file of a backend `mine`:

    import gankit
    import pytest
    from gankit.testing import BackendContract


    class TestMine(BackendContract):
        @pytest.fixture
        def backend(self):
            return gankit.get_backend("mine")

`LossContract` needs a fixture `loss`, and `DatasetContract` a fixture `dataset`.
"""

import importlib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gankit.testing.agreement import assert_close, assert_identical
    from gankit.testing.contract import BackendContract, DatasetContract, LossContract
    from gankit.testing.problems import images

__all__ = [
    "BackendContract",
    "DatasetContract",
    "LossContract",
    "assert_close",
    "assert_identical",
    "images",
]

# So that a failed clause shows what it compared; by default pytest does this for test files only.
pytest.register_assert_rewrite("gankit.testing.clauses")

_HOMES = {
    "BackendContract": "contract",
    "DatasetContract": "contract",
    "LossContract": "contract",
    "assert_close": "agreement",
    "assert_identical": "agreement",
    "images": "problems",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attribute.
    """Import a name at its first use, because `runner` starts pytest before it imports a clause."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
