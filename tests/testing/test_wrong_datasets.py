"""Every clause on data sets passes on a correct data set, and fails on a wrong one."""

import os

import pytest

from gankit.errors import GankitError
from gankit.testing import DatasetContract
from tests.clause_cases import fails
from tests.paths import ROOT
from tests.wrong_plugins import CORRECT_DATASET, WRONG_DATASETS

CLAUSES = sorted(name for name in dir(DatasetContract) if name.startswith("test_"))
CAUGHT = (AssertionError, GankitError, OSError)
PAIRS = [
    pytest.param(wrong.thing, clause, id=f"{wrong.thing.name}-{clause}")
    for wrong in WRONG_DATASETS
    for clause in wrong.clauses
]


@pytest.fixture(autouse=True, scope="module")
def as_plugin(tmp_path_factory):
    """Install the data sets as a plugin, so that other processes find them."""
    site = tmp_path_factory.mktemp("site")
    info = site / "wrong_plugins-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: wrong_plugins\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[gankit]\nwrong_plugins = tests.wrong_plugins\n")
    with pytest.MonkeyPatch.context() as patch:
        for folder in (site, ROOT):
            patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        yield


class TestCorrectDataset(DatasetContract):
    @pytest.fixture
    def dataset(self):
        return CORRECT_DATASET


@pytest.mark.parametrize(("dataset", "clause"), PAIRS)
def test_a_clause_fails_on_a_wrong_data_set(dataset, clause):
    assert fails(DatasetContract, clause, {"dataset": dataset}, CAUGHT)


@pytest.mark.parametrize("clause", CLAUSES)
def test_every_clause_has_a_wrong_data_set(clause):
    assert any(clause in wrong.clauses for wrong in WRONG_DATASETS)


@pytest.mark.parametrize("wrong", WRONG_DATASETS, ids=lambda wrong: wrong.thing.name)
def test_every_wrong_data_set_names_clauses_that_exist(wrong):
    assert wrong.clauses
    assert set(wrong.clauses) <= set(CLAUSES)
