"""Every clause of the contract fails on a wrong backend."""

import pytest

from gankit.testing import BackendContract
from gankit.testing.problems import images
from tests.clause_cases import fails
from tests.wrong_backends import CORRECT, WRONG_BACKENDS, native_pair

CLAUSES = sorted(name for name in dir(BackendContract) if name.startswith("test_"))
CAUGHT = (AssertionError, pytest.fail.Exception)
PAIRS = [
    pytest.param(wrong_backend, clause, id=f"{wrong_backend.name}-{clause}")
    for wrong_backend in WRONG_BACKENDS
    for clause in wrong_backend.clauses
]


pytestmark = pytest.mark.usefixtures("wrong_backends_as_plugin")


class TestCorrectBackend(BackendContract):
    @pytest.fixture
    def backend(self):
        return CORRECT

    @pytest.fixture
    def native_pair(self):
        return native_pair


@pytest.mark.parametrize(("wrong_backend", "clause"), PAIRS)
@pytest.mark.filterwarnings("ignore::gankit.callbacks.HealthWarning")
def test_a_clause_fails_on_a_wrong_backend(wrong_backend, clause, tmp_path):
    offered = {"images": images(), "native_pair": native_pair, "tmp_path": tmp_path}
    offered["backend"] = wrong_backend.backend()
    assert fails(BackendContract, clause, offered, CAUGHT)


def test_a_backend_that_cannot_train_is_not_said_to_import_early():
    (wrong_backend,) = (one for one in WRONG_BACKENDS if one.name == "returns-no-loss")
    contract, backend = BackendContract(), wrong_backend.backend()
    contract.test_imports_nothing_early(backend)
    with pytest.raises(RuntimeError, match="update of tests ReturnsNoLoss: got None"):
        contract.test_same_seed_in_fresh_processes(backend)


@pytest.mark.parametrize("clause", CLAUSES)
def test_every_clause_has_a_wrong_backend(clause):
    assert any(clause in wrong_backend.clauses for wrong_backend in WRONG_BACKENDS)


@pytest.mark.parametrize(
    "wrong_backend", WRONG_BACKENDS, ids=lambda wrong_backend: wrong_backend.name
)
def test_every_wrong_backend_names_clauses_that_exist(wrong_backend):
    assert wrong_backend.promise
    assert wrong_backend.clauses
    assert set(wrong_backend.clauses) <= set(CLAUSES)


def test_names_of_wrong_backends_are_unique():
    assert len({wrong_backend.name for wrong_backend in WRONG_BACKENDS}) == len(WRONG_BACKENDS)
