"""Every clause of the contract can fail, and does, on a backend that breaks its promise."""

import inspect
import itertools
import os

import pytest

from gankit.testing import BackendContract
from gankit.testing.problems import images
from tests.paths import ROOT
from tests.saboteurs import HONEST, SABOTEURS, native_pair

CLAUSES = sorted(name for name in dir(BackendContract) if name.startswith("test_"))
PARAM = type(pytest.param())
CAUGHT = (AssertionError, pytest.fail.Exception)
PAIRS = [
    pytest.param(saboteur, clause, id=f"{saboteur.name}-{clause}")
    for saboteur in SABOTEURS
    for clause in saboteur.clauses
]


@pytest.fixture(autouse=True, scope="module")
def as_plugin(tmp_path_factory):
    """Let processes of their own find the saboteurs, as a plugin that is installed."""
    site = tmp_path_factory.mktemp("site")
    info = site / "saboteurs-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: saboteurs\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[gankit]\nsaboteurs = tests.saboteurs\n")
    with pytest.MonkeyPatch.context() as patch:
        for folder in (site, ROOT):
            patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        yield


class TestHonest(BackendContract):
    @pytest.fixture
    def backend(self):
        return HONEST

    @pytest.fixture
    def native_pair(self):
        return native_pair


@pytest.mark.parametrize(("saboteur", "clause"), PAIRS)
def test_catches(saboteur, clause):
    assert any(is_caught(saboteur.backend(), clause, case) for case in cases(clause))


@pytest.mark.parametrize("clause", CLAUSES)
def test_every_clause_has_a_saboteur(clause):
    assert any(clause in saboteur.clauses for saboteur in SABOTEURS)


@pytest.mark.parametrize("saboteur", SABOTEURS, ids=lambda saboteur: saboteur.name)
def test_every_saboteur_names_clauses_that_exist(saboteur):
    assert saboteur.promise
    assert saboteur.clauses
    assert set(saboteur.clauses) <= set(CLAUSES)


def test_names_of_saboteurs_are_unique():
    assert len({saboteur.name for saboteur in SABOTEURS}) == len(SABOTEURS)


def is_caught(backend, clause, case):
    """Return whether the clause fails; one that is skipped, or breaks down, catches nothing."""
    test = getattr(BackendContract(), clause)
    offered = {"backend": backend, "images": images(), "native_pair": native_pair}
    wanted = inspect.signature(test).parameters
    try:
        test(**{name: value for name, value in offered.items() if name in wanted}, **case)
    except CAUGHT:
        return True
    except pytest.skip.Exception:
        pass
    return False


def cases(clause):
    """Return the arguments of each case that the clause is parametrized over."""
    marks = getattr(getattr(BackendContract, clause), "pytestmark", [])
    return [merged(axes) for axes in itertools.product(*map(axis, marks))]


def axis(mark):
    """Return the arguments that one `parametrize` gives, case by case."""
    names, values = mark.args
    if isinstance(names, str):
        return [{names: plain(value)} for value in values]
    rows = [value.values if isinstance(value, PARAM) else value for value in values]
    return [dict(zip(names, row, strict=True)) for row in rows]


def merged(axes):
    """Return the arguments of one case of each axis."""
    return {name: value for arguments in axes for name, value in arguments.items()}


def plain(value):
    """Return the value of a `pytest.param`, or one that stands by itself."""
    return value.values[0] if isinstance(value, PARAM) else value
