"""Layer a run's settings: defaults < recipe < file < environment < --set < flags.

>>> merged, origins = merge([("recipe", {"batch": 128, "seed": 0}), ("--batch", {"batch": 64})])
>>> merged, origins["batch"]
({'batch': 64, 'seed': 0}, '--batch')
"""

from __future__ import annotations

import copy
import dataclasses
import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from gankit._utils.paths import given
from gankit._utils.storage import read_plain
from gankit.config.train_config import MOST_CONFIG_BYTES, TrainConfig, from_settings, parse_toml
from gankit.errors import ConfigError, UnknownName
from gankit.layers import Shape
from gankit.penalties import Penalty
from gankit.recipes import Recipe, recipe
from gankit.recipes.families.settings import (
    DEFAULT_CLASSES,
    DEFAULT_SHAPE,
    families,
    layers,
    without_families,
)

Settings: TypeAlias = dict[str, Any]
Source: TypeAlias = tuple[str, Settings]
"""A source's name and its values, nested as in TOML."""

FindPenalty: TypeAlias = Callable[[str], Penalty]

PREFIX = "GANKIT_"
DERIVED = {"recipe", "summary"}
"""Keys that describe the recipe; they cannot be set separately."""


def merge(sources: Iterable[Source]) -> tuple[Settings, dict[str, str]]:
    """Merge sources, later ones on top; return the values and the source of each.

    If sources name both `epochs` and `steps`, the last one decides.
    Sources are by dotted path, "generator.optimizer.learning_rate"; a list is one value, unless
    a path names one of its items: "generator.layers.0.units".

    Raises
    ------
    ConfigError
        A path names no item, or settings are nested too deeply.
    """
    try:
        return _merged(sources)
    except RecursionError:
        raise ConfigError("settings are nested too deeply") from None


def _merged(sources: Iterable[Source]) -> tuple[Settings, dict[str, str]]:
    merged: Settings = {}
    origins: dict[str, str] = {}
    for name, settings in sources:
        _drop_other_kinds(merged, settings)
        if "epochs" in settings and "steps" not in settings:
            merged.pop("steps", None)
        for path, value in flatten(settings):
            replaced = _put(merged, path.split("."), copy.deepcopy(value), path)
            if isinstance(replaced, dict | list):
                origins = {p: o for p, o in origins.items() if not p.startswith(f"{path}.")}
            origins[path] = name
    return merged, origins


def unknown_penalty(name: str) -> Penalty:
    """Raise UnknownName: only plugins name penalties."""
    raise UnknownName("penalty", name, ())


def config_of(sources: Iterable[Source], find: FindPenalty = unknown_penalty) -> TrainConfig:
    """Return the configuration of merged sources; ConfigError names what is wrong.

    Families become layers for images of 28x28, grey, if `with_layers` was not called for others.

    Parameters
    ----------
    sources
        The sources, the lowest priority first.
    find
        Returns the penalty of a name; by default it raises UnknownName.
    """
    sources = list(sources)
    merged, _ = merge(with_layers(sources))
    named = _with_penalties(merged, find)
    return from_settings(named, sources[0][0] if len(sources) == 1 else "")


def with_layers(
    sources: list[Source],
    shape: Shape = DEFAULT_SHAPE,
    classes: int = DEFAULT_CLASSES,
) -> list[Source]:
    """Return sources in which the layers for images of a shape take the place of families.

    The layers have the priority of the source that states the family: later sources may change
    them, and layers in that source itself win.

    Parameters
    ----------
    sources
        The sources, the lowest priority first.
    shape
        `(height, width, channels)` of the images.
    classes
        Number of classes, for an auxiliary classifier.

    Raises
    ------
    ConfigError
        A family is unknown or makes no such images, or one of its options is invalid.
    """
    merged, _ = merge(sources)
    roles = families(merged)
    if not roles:
        return sources
    stating = max(number for number, (_, values) in enumerate(sources) if families(values))
    name = f"{sources[stating][0]}, for {'x'.join(map(str, shape[:2]))}"
    left = [(source, without_families(values, roles)) for source, values in sources]
    return [*left[:stating], (name, layers(merged, shape, classes)), *left[stating:]]


def _with_penalties(settings: Settings, find: FindPenalty) -> Settings:
    """Return settings in which the values of a penalty replace its name."""
    given = settings.get("penalties")
    given = [given] if isinstance(given, str) else given
    if not isinstance(given, list | tuple):
        return settings
    return settings | {"penalties": [_penalty(item, find) for item in given]}


def _penalty(item: Any, find: FindPenalty) -> Any:  # noqa: ANN401 - any TOML value.
    """Return the values of "name" or of `{"penalty": "name", ...}`; other items are unchanged."""
    if isinstance(item, str):
        item = {"penalty": item}
    if not isinstance(item, Mapping) or not isinstance(name := item.get("penalty"), str):
        return item
    changes = {key: value for key, value in item.items() if key != "penalty"}
    return dataclasses.asdict(find(name)) | changes


def from_recipe(name: str, find: Callable[[str], Recipe] = recipe) -> Source:
    """Return a recipe as a source: by name, or a user's own file that ends in .toml.

    `find` returns the recipe of a name, from gankit's own by default.
    """
    if name.endswith(".toml"):
        path = given(name, "recipe")
        return name, from_file(path)[1] | {"recipe": path.name}
    return f"recipe {name}", find(name).values


def from_file(path: Path) -> Source:
    """Return a TOML file as a source; ConfigError if it cannot be read."""
    # A user's own file may be a link, unlike gankit's files.
    content = read_plain(Path(os.path.realpath(path)), MOST_CONFIG_BYTES, ConfigError)
    try:
        return str(path), parse_toml(content.decode(), str(path))
    except UnicodeDecodeError:
        raise ConfigError(f"cannot read {path}: it is not UTF-8") from None


def from_environment(environment: Mapping[str, str]) -> list[Source]:
    """Return each `GANKIT_<FIELD>` that names a setting as a source: GANKIT_SEED=3."""
    names = {f"{PREFIX}{field.name.upper()}": field.name for field in _settable()}
    return [
        (variable, {field: _value(environment[variable])})
        for variable, field in names.items()
        if variable in environment
    ]


def from_assignment(assignment: str) -> Source:
    """Return `a.b=value` as a source; the value is parsed as TOML, or else taken as text."""
    path, equals, value = assignment.partition("=")
    if not equals or not path.strip():
        raise ConfigError(f"cannot read --set {assignment!r}; write --set key=value")
    if path.strip() in DERIVED:
        raise ConfigError(f"cannot --set {path.strip()}; it comes with --recipe")
    nested: Any = _value(value.strip())
    for key in reversed(path.strip().split(".")):
        nested = {key: nested}
    return f"--set {assignment}", nested


def _value(text: str) -> Any:  # noqa: ANN401 - any TOML value.
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # Also integers of too many digits, lists too deep.
        return text


def _settable() -> list[dataclasses.Field[Any]]:
    others = {"generator", "discriminator"} | DERIVED
    return [field for field in dataclasses.fields(TrainConfig) if field.name not in others]


def flatten(settings: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Yield every value with its dotted path; a schedule is one value."""
    for key, value in settings.items():
        if isinstance(value, Mapping) and value and "schedule" not in value:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _drop_other_kinds(merged: Settings, settings: Mapping[str, Any]) -> None:
    """Empty a table whose type changes: SGD cannot use Adam's settings."""
    for key, value in settings.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, Mapping):
            if value.get(key, below.get(key)) != below.get(key):
                below.clear()
            _drop_other_kinds(below, value)


def _put(tree: Any, keys: list[str], value: Any, path: str) -> Any:  # noqa: ANN401
    """Set one value, creating tables along its path, or indexing a list by number.

    Returns the value that it replaces, or None.
    """
    key, rest = keys[0], keys[1:]
    if isinstance(tree, list):
        if not key.isdigit() or int(key) >= len(tree):
            raise ConfigError(f"{path!r} names no item; {key!r} is not in 0..{len(tree) - 1}")
        place: Any = int(key)
    elif isinstance(tree, dict):
        place = key
        if rest:
            tree.setdefault(key, {})
    else:
        raise ConfigError(f"{path!r} names no setting; the value above {key!r} is not a table")
    if rest:
        return _put(tree[place], rest, value, path)
    replaced = tree[place] if isinstance(tree, list) else tree.get(place)
    tree[place] = value
    return replaced
