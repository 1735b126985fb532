"""Every clause on losses passes on correct losses, and fails on a wrong one."""

import pytest

from gankit import plugins
from gankit.errors import GankitError
from gankit.testing import LossContract
from tests.clause_cases import fails
from tests.selection import selected
from tests.wrong_plugins import CORRECT_LOSSES, WRONG_LOSSES

CLAUSES = sorted(name for name in dir(LossContract) if name.startswith("test_"))
CAUGHT = (AssertionError, GankitError)
PAIRS = [
    pytest.param(wrong.thing, clause, id=f"{wrong.thing.name}-{clause}")
    for wrong in WRONG_LOSSES
    for clause in wrong.clauses
]


def backends_to_test():
    return [backend for name, backend in plugins.backends().items() if selected(name)]


class TestCorrectLosses(LossContract):
    @pytest.fixture(params=CORRECT_LOSSES, ids=lambda loss: loss.name.replace(" ", "-"))
    def loss(self, request):
        return request.param

    @pytest.fixture
    def backends(self):
        return backends_to_test()

    def test_has_valid_fields(self, loss):
        if " " not in loss.name:
            super().test_has_valid_fields(loss)


@pytest.mark.parametrize(("loss", "clause"), PAIRS)
def test_a_clause_fails_on_a_wrong_loss(loss, clause):
    assert fails(LossContract, clause, {"loss": loss, "backends": backends_to_test()}, CAUGHT)


@pytest.mark.parametrize("clause", CLAUSES)
def test_every_clause_has_a_wrong_loss(clause):
    assert any(clause in wrong.clauses for wrong in WRONG_LOSSES)


@pytest.mark.parametrize("wrong", WRONG_LOSSES, ids=lambda wrong: wrong.thing.name)
def test_every_wrong_loss_names_clauses_that_exist(wrong):
    assert wrong.clauses
    assert set(wrong.clauses) <= set(CLAUSES)
