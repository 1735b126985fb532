"""Every argument of every promised function, class and method is documented."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import runpy
import typing
from typing import Any

import pytest

from gankit.training import Callback, FinishingCallback
from tests.paths import DOCS

PROMISED = runpy.run_path(str(DOCS / "stable.py"))["PROMISED"]
FEW = 2
"""Arguments that prose may name, in backticks; more of them have an entry each."""


def public(home, name):
    """Yield a promised object and its public methods, each with its name."""
    thing = getattr(importlib.import_module(home), name)
    called = f"{home}.{name}"
    if inspect.isfunction(thing):
        yield called, thing, thing
    elif inspect.isclass(thing) and thing is not Any and not issubclass(thing, BaseException | int):
        yield called, thing, thing
        for member, found in inspect.getmembers(thing, callable):
            own = member == "__call__" or not member.startswith(("_", "test_"))
            if own and inspect.isfunction(found) and found.__module__.startswith("gankit"):
                yield f"{called}.{member}", found, thing


CALLABLES = {
    called: (thing, owner)
    for home, names in PROMISED.items()
    for name in names.split()
    for called, thing, owner in public(home, name)
}


def arguments(thing):
    """Return the names of the arguments that a caller may give.

    Callers do not give a field that tags the classes of a union: it has one possible value.
    """
    if getattr(thing, "_is_protocol", False):
        return []
    try:
        found = inspect.signature(thing).parameters.values()
    except ValueError:
        return []
    kinds = typing.get_type_hints(thing) if inspect.isclass(thing) else {}
    return [
        argument.name
        for argument in found
        if argument.name != "self"
        and argument.kind is not argument.VAR_POSITIONAL
        and len(typing.get_args(kinds.get(argument.name))) != 1
    ]


def entries(text):
    """Return the names that have a line, as numpydoc writes them."""
    lines = re.findall(r"(?m)^(\w+(?:, \w+)*)\n {4}\S", text)
    return {name for line in lines for name in line.split(", ")}


def told(text):
    """Return the words between backticks."""
    return {word for part in re.findall(r"`([^`]+)`", text) for word in re.findall(r"\w+", part)}


def documentation(called, thing, owner):
    """Return an object's docstring, with those of a dataclass's bases.

    Callbacks do what their protocol says.
    """
    text = inspect.getdoc(thing) or ""
    if dataclasses.is_dataclass(thing) and inspect.isclass(thing):
        text = "\n\n".join(inspect.getdoc(kind) or "" for kind in thing.__mro__[:-1])
    if thing is owner and inspect.isclass(thing):
        text += "\n\n" + (inspect.getdoc(thing.__init__) or "")
    method = called.rpartition(".")[2]
    for protocol in (Callback, FinishingCallback):
        if called.startswith("gankit.callbacks.") and method in vars(protocol):
            text += "\n\n" + inspect.getdoc(getattr(protocol, method))
    return text


@pytest.mark.parametrize("called", CALLABLES)
def test_every_argument_is_documented(called):
    thing, owner = CALLABLES[called]
    text, names = documentation(called, thing, owner), arguments(thing)
    documented = entries(text) | (told(text) if len(names) <= FEW else set())
    missing = [name for name in names if name.strip("_") not in documented]
    assert not missing, f"{called} says nothing of {', '.join(missing)}"
