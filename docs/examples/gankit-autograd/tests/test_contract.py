"""The autograd backend satisfies the contract."""

import gankit
import pytest
from gankit.testing import BackendContract


class TestAutograd(BackendContract):
    @pytest.fixture
    def backend(self):
        return gankit.get_backend("autograd")
