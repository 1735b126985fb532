"""Validate what plugins offer.

Every field is checked. What is not valid is left out, with the plugin's name and the remedy, so
that it does not fail later in a run.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gankit.errors import PluginError, did_you_mean, folded, shown

if TYPE_CHECKING:
    from gankit.contract import Backend

NAME = re.compile(r"[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*")
CLASSES = {
    "backend": "gankit.contract:Backend",
    "dataset": "gankit.data:Dataset",
    "loss": "gankit.losses:Loss",
    "command": "click:Command",
}
"""The class of each kind; imported when needed, so that help imports none."""
_SUFFIX = re.compile(r"\.[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*")


@dataclass(frozen=True)
class Rule:
    """What a field must be, in words, and the test for it."""

    words: str
    fits: Callable[[Any], bool]


def _is_modules(value: object) -> bool:
    return isinstance(value, tuple | list) and all(map(_is_module, value))


def _is_module(name: object) -> bool:
    return isinstance(name, str) and all(part.isidentifier() for part in name.split("."))


def _is_snippet(value: object) -> bool:
    try:
        return isinstance(value, str) and value.format(path="x") != value
    except (LookupError, ValueError):
        return False


TEXT = Rule("a text", lambda value: isinstance(value, str))
FUNCTION = Rule("a function", callable)
PERHAPS = Rule("a function or None", lambda value: value is None or callable(value))
MODULES = Rule("a tuple of names of modules", _is_modules)
FIELDS: dict[str, dict[str, Rule]] = {
    "backend": {
        "requires": MODULES,
        "build": FUNCTION,
        "capabilities": Rule(
            "a set of names",
            lambda value: isinstance(value, Set) and all(isinstance(name, str) for name in value),
        ),
        "remedy": TEXT,
        "inspect": PERHAPS,
        "exports": Rule("a mapping of names to formats", lambda value: isinstance(value, Mapping)),
    },
    "export": {
        "suffix": Rule(
            "a suffix like '.onnx'",
            lambda value: isinstance(value, str) and bool(_SUFFIX.fullmatch(value)),
        ),
        "write": FUNCTION,
        "read": FUNCTION,
        "add_class_names": PERHAPS,
        "snippet": Rule("a text with {path} in it, and no other braces", _is_snippet),
        "requires": MODULES,
        "remedy": TEXT,
    },
    "dataset": {
        "summary": TEXT,
        "load": FUNCTION,
        "fetch": PERHAPS,
        "verify": PERHAPS,
        "test": PERHAPS,
    },
    "loss": {
        "discriminator": FUNCTION,
        "generator": FUNCTION,
        "paired": Rule("True or False", lambda value: isinstance(value, bool)),
        "of_fakes": PERHAPS,
    },
    "command": {},
}
"""The rules of all fields except the name and the contract version."""


def check(kind: str, thing: Any) -> None:  # noqa: ANN401 - whatever a plugin offers.
    """Raise PluginError unless a thing is of its kind and all its fields are valid."""
    if not is_one(kind, thing):
        raise PluginError(f"its {kind} {shown(thing)} is no {CLASSES[kind].replace(':', '.')}")
    _check_name(kind, thing.name)
    if kind == "backend":
        _check_api(thing)
    _check_fields(f"{kind} {thing.name!r}", thing, FIELDS[kind])
    if kind == "backend":
        _check_capabilities(thing)
        _check_exports(thing)


def is_one(kind: str, thing: object) -> bool:
    """Return whether a thing is of a kind."""
    return isinstance(thing, pkgutil.resolve_name(CLASSES[kind]))


def check_callback(callback: object) -> None:
    """Raise PluginError unless the callback can be called."""
    if isinstance(callback, type):
        raise PluginError(f"its callback is {shown(callback)}; return an instance of it")
    if not callable(callback):
        raise PluginError(f"its callback {shown(callback)} cannot be called")


def _check_name(kind: str, name: object) -> None:
    """Refuse a name that cannot be typed on the command line, or has another meaning there."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise PluginError(f"a {kind} cannot be called {name!r}; use letters, digits, - and _")
    if kind in ("backend", "dataset") and folded(name) == "auto":
        raise PluginError(f"a {kind} cannot be called {name!r}, which asks gankit to choose")
    if kind == "dataset" and name.lower().endswith((".npy", ".npz")):
        raise PluginError(f"a dataset cannot be called {name!r}, which is read as a path")


def _check_api(backend: Backend) -> None:
    from gankit.contract import API

    if type(backend.api) is not int or backend.api != API:
        raise PluginError(
            f"backend {backend.name!r} was written for API {backend.api!r}, this gankit has {API}; "
            "upgrade whichever is older"
        )


def _check_fields(owner: str, thing: object, rules: Mapping[str, Rule]) -> None:
    for field, rule in rules.items():
        if not rule.fits(value := getattr(thing, field)):
            raise PluginError(f"{owner} has {field} {shown(value)}; expected {rule.words}")


def _check_capabilities(backend: Backend) -> None:
    from gankit.contract import CAPABILITIES

    for name in sorted(backend.capabilities - CAPABILITIES):
        hint = did_you_mean(name, CAPABILITIES)
        raise PluginError(
            f"backend {backend.name!r} claims the unknown capability {name!r}{hint}; "
            f"known: {', '.join(sorted(CAPABILITIES))}"
        )


def _check_exports(backend: Backend) -> None:
    from gankit.contract.export_format import Export

    for name, export in _sorted(backend.exports.items()):
        owner = f"backend {backend.name!r}"
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise PluginError(f"{owner} has a format called {name!r}; use letters, digits, - and _")
        if not isinstance(export, Export):
            said = shown(export)
            raise PluginError(f"{owner} has format {name!r} {said}; expected a gankit Export")
        _check_fields(f"{owner}, format {name!r},", export, FIELDS["export"])


def _sorted(items: Iterable[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    return sorted(items, key=lambda item: str(item[0]))
