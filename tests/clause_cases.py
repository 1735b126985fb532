"""Run one clause of a contract without pytest: its cases, and whether it fails."""

from __future__ import annotations

import inspect
import itertools

import pytest

PARAM = type(pytest.param())


def fails(contract, clause, offered, caught):
    """Return whether a case of a clause fails with one of the exceptions `caught`.

    `offered` has the clause's fixtures by name. A skip or another error does not count.
    """
    test = getattr(contract(), clause)
    wanted = inspect.signature(test).parameters
    given = {name: value for name, value in offered.items() if name in wanted}
    return any(_fails(test, given | case, caught) for case in cases(contract, clause))


def _fails(test, arguments, caught):
    try:
        test(**arguments)
    except caught:
        return True
    except pytest.skip.Exception:
        pass
    return False


def cases(contract, clause):
    """Return the arguments of each case that the clause is parametrized over."""
    given = getattr(getattr(contract, clause), "pytestmark", [])
    marks = [mark for mark in given if mark.name == "parametrize"]
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
    """Return the value of a `pytest.param`, or the value itself."""
    return value.values[0] if isinstance(value, PARAM) else value
