"""Validate what plugins offer, field by field, so that it does not fail later in a run.

gankit leaves out what is not valid, and warns with the plugin's name and the remedy.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gankit._commands import COMMANDS
from gankit.errors import ConfigError, PluginError, did_you_mean, folded, shown

if TYPE_CHECKING:
    from gankit.contract import Backend
    from gankit.losses import Loss
    from gankit.recipes import Recipe

NAME = re.compile(r"[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*")
CLASSES = {
    "backend": "gankit.contract:Backend",
    "dataset": "gankit.data:Dataset",
    "loss": "gankit.losses:Loss",
    "penalty": "gankit.penalties:NamedPenalty",
    "recipe": "gankit.recipes:Recipe",
    "command": "click:Command",
    "features": "gankit.evaluation:Features",
}
"""The class of each kind, imported when needed, so that `gankit --help` stays fast."""
_SUFFIXES_OF_PATHS = {"dataset": (".npy", ".npz"), "recipe": (".toml",)}
_NAME_RULE = "letters and digits, with single -, _ or . between them"
_HUB_ID = re.compile(r"([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)?", re.ASCII)
_SUFFIX = re.compile(r"\.[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*")


@dataclass(frozen=True)
class Rule:
    """The expected value of a field, for messages, and a function that tests a value."""

    expected: str
    is_valid: Callable[[Any], bool]


def _is_modules(value: object) -> bool:
    return isinstance(value, tuple | list) and all(map(_is_module, value))


def _is_module(name: object) -> bool:
    return isinstance(name, str) and all(part.isidentifier() for part in name.split("."))


def _is_snippet(value: object) -> bool:
    try:
        return isinstance(value, str) and value.format(path="x", output="y") != value
    except (LookupError, ValueError):
        return False


def _is_shape(value: object) -> bool:
    """Return whether a value is a (height, width, channels), or None."""
    if value is None:
        return True
    sides = value if isinstance(value, tuple) else ()
    return len(sides) == 3 and all(type(side) is int and side > 0 for side in sides)


def _is_penalty(value: object) -> bool:
    # Its values are saved, not its methods, so a subclass would be another penalty in a run.
    return type(value) is pkgutil.resolve_name("gankit.penalties:Penalty")


def _is_follower(value: object) -> bool:
    kind = pkgutil.resolve_name("gankit.followers:Follower")
    return value is None or isinstance(value, kind)


TEXT = Rule("text", lambda value: isinstance(value, str))
FUNCTION = Rule("a function", callable)
OPTIONAL_FUNCTION = Rule("a function or None", lambda value: value is None or callable(value))
MODULES = Rule("a tuple of module names", _is_modules)
FIELDS: dict[str, dict[str, Rule]] = {
    "backend": {
        "requires": MODULES,
        "build": FUNCTION,
        "capabilities": Rule(
            "a set of names",
            lambda value: isinstance(value, Set) and all(isinstance(name, str) for name in value),
        ),
        "remedy": TEXT,
        "inspect": OPTIONAL_FUNCTION,
        "join": OPTIONAL_FUNCTION,
        "distribution": TEXT,
        "exports": Rule("a mapping of names to formats", lambda value: isinstance(value, Mapping)),
    },
    "export": {
        "suffix": Rule(
            "a suffix like '.onnx'",
            lambda value: isinstance(value, str) and bool(_SUFFIX.fullmatch(value)),
        ),
        "write": FUNCTION,
        "read": FUNCTION,
        "add_class_names": OPTIONAL_FUNCTION,
        "snippet": Rule("text with {path} and {output}, and no other braces", _is_snippet),
        "requires": MODULES,
        "remedy": TEXT,
    },
    "dataset": {
        "summary": TEXT,
        "load": FUNCTION,
        "fetch": OPTIONAL_FUNCTION,
        "verify": OPTIONAL_FUNCTION,
        "test": OPTIONAL_FUNCTION,
        "shape": Rule("three whole numbers, each at least 1, or None", _is_shape),
        "hub_id": Rule(
            "'OWNER/NAME', or empty text",
            lambda value: isinstance(value, str) and bool(_HUB_ID.fullmatch(value)),
        ),
    },
    "loss": {
        "discriminator": FUNCTION,
        "generator": FUNCTION,
        "paired": Rule("True or False", lambda value: isinstance(value, bool)),
        "of_fakes": OPTIONAL_FUNCTION,
        "follower": Rule("a gankit.followers.Follower, or None", _is_follower),
        "options": OPTIONAL_FUNCTION,
    },
    "penalty": {"penalty": Rule("a gankit.penalties.Penalty", _is_penalty)},
    "recipe": {"text": TEXT},
    "command": {},
    "features": {},
}
"""The rules of all fields except the name and the contract version."""


def check(kind: str, thing: Any) -> None:  # noqa: ANN401 - a plugin may offer anything.
    """Raise PluginError unless `thing` is of this kind and all its fields are valid."""
    if not is_one(kind, thing):
        expected = CLASSES[kind].replace(":", ".")
        raise PluginError(f"{kind}: got {shown(thing)}; expected a {expected}")
    check_name(kind, thing.name)
    if kind == "backend":
        _check_api(thing)
    _check_fields(f"{kind} {thing.name!r}", thing, FIELDS[kind])
    if kind == "loss":
        _check_paired(thing)
    if kind == "backend":
        _check_capabilities(thing)
        _check_exports(thing)
    if kind == "recipe":
        _check_configuration(thing)


def one(kind: str) -> str:
    """Return a kind with its article: "a loss", "features"."""
    return kind if kind == "features" else f"a {kind}"


def another(kind: str) -> str:
    """Return "another loss" or "other features"."""
    return f"other {kind}" if kind == "features" else f"another {kind}"


def is_one(kind: str, thing: object) -> bool:
    """Return whether `thing` is of a kind."""
    # A class has the attributes of its instances, so it seems to implement a protocol.
    return not isinstance(thing, type) and isinstance(thing, pkgutil.resolve_name(CLASSES[kind]))


def check_callback(callback: object) -> None:
    """Raise PluginError unless the callback can be called."""
    if isinstance(callback, type):
        raise PluginError(f"callback: got {shown(callback)}; expected an instance of it")
    if not callable(callback):
        raise PluginError(f"callback: got {shown(callback)}; expected a function")


def check_name(kind: str, name: object) -> None:
    """Refuse a name that cannot be typed on the command line, or has another meaning there."""
    from gankit.data.memory_data import MEMORY

    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise PluginError(f"name of {one(kind)}: got {shown(name)}; expected {_NAME_RULE}")
    if kind in ("backend", "dataset") and folded(name) == "auto":
        raise PluginError(f"name of {one(kind)}: got {name!r}, which lets gankit choose; rename it")
    if kind == "dataset" and folded(name) == MEMORY:
        raise PluginError(
            f"name of {one(kind)}: got {name!r}, which means images given from Python; rename it"
        )
    if kind == "command" and name in COMMANDS:
        raise PluginError(f"name of {one(kind)}: got {name!r}, a command of gankit; rename it")
    if name.lower().endswith(_SUFFIXES_OF_PATHS.get(kind, ())):
        raise PluginError(f"name of {one(kind)}: got {name!r}, which is read as a path; rename it")


def _check_api(backend: Backend) -> None:
    from gankit.contract import API

    if type(backend.api) is not int or backend.api != API:
        owner, found = f"backend {backend.name!r}", shown(backend.api)
        raise PluginError(
            f"api of {owner}: got {found}; expected {API}, the contract version of this gankit"
        )


def _check_fields(owner: str, thing: object, rules: Mapping[str, Rule]) -> None:
    for field, rule in rules.items():
        if not rule.is_valid(value := getattr(thing, field)):
            raise PluginError(f"{field} of {owner}: got {shown(value)}; expected {rule.expected}")


def _check_paired(loss: Loss) -> None:
    from gankit.losses import check_paired

    try:
        check_paired(loss)
    except ConfigError as error:
        raise PluginError(str(error)) from error


def _check_capabilities(backend: Backend) -> None:
    from gankit.contract import CAPABILITIES

    for name in sorted(backend.capabilities - CAPABILITIES):
        hint = did_you_mean(name, CAPABILITIES)
        raise PluginError(
            f"capabilities of backend {backend.name!r}: got {name!r}{hint}; "
            f"expected some of {', '.join(sorted(CAPABILITIES))}"
        )


def _check_exports(backend: Backend) -> None:
    from gankit.contract.export_format import Export

    owner = f"backend {backend.name!r}"
    for name, export in _sorted(backend.exports.items()):
        if not isinstance(name, str) or not NAME.fullmatch(name):
            error = f"got the name {shown(name)}; expected {_NAME_RULE}"
            raise PluginError(f"exports of {owner}: {error}")
        if not isinstance(export, Export):
            error = f"got {shown(export)}; expected a gankit.contract.export_format.Export"
            raise PluginError(f"export {name!r} of {owner}: {error}")
        _check_fields(f"export {name!r} of {owner}", export, FIELDS["export"])


def _check_configuration(recipe: Recipe) -> None:
    """Raise PluginError unless a recipe is a complete configuration; a penalty may be unknown."""
    from gankit.config import layering, parse_toml
    from gankit.penalties import Penalty

    source = f"recipe {recipe.name!r}"
    try:
        settings = parse_toml(recipe.text, source)
        layering.config_of([(source, settings)], lambda _: Penalty("real", 0.0, 1.0))
    except ConfigError as error:
        raise PluginError(str(error)) from None


def _sorted(items: Iterable[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    return sorted(items, key=lambda item: str(item[0]))
