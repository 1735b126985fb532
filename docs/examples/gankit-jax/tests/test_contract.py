"""The JAX backend fulfils the contract."""

import gankit
import pytest
from gankit.testing import BackendContract


class TestJax(BackendContract):
    @pytest.fixture
    def backend(self):
        return gankit.get_backend("jax")
