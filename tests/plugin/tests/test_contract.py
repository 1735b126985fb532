import pytest

import gankit
from gankit.testing import BackendContract


class TestTiny(BackendContract):
    @pytest.fixture
    def backend(self):
        return gankit.get_backend("tiny")
