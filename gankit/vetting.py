"""Whether what a plugin offers is fit for use, before anybody else meets it."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Mapping, Set
from typing import TYPE_CHECKING, Any

from gankit.errors import PluginError, shown

if TYPE_CHECKING:
    from gankit.backend import Backend

NAME = re.compile(r"[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*")
CLASSES = {
    "backend": "gankit.backend:Backend",
    "dataset": "gankit.data:Dataset",
    "loss": "gankit.losses:Loss",
    "command": "click:Command",
}
"""What a thing of each kind is; imported when there is one, for help needs none."""


def check(kind: str, thing: Any) -> None:  # noqa: ANN401 - whatever a plugin offers.
    """Raise PluginError unless a thing is of its kind, and has a name that can be typed."""
    if not is_one(kind, thing):
        raise PluginError(f"its {kind} {shown(thing)} is no {CLASSES[kind].replace(':', '.')}")
    if not isinstance(thing.name, str) or not NAME.fullmatch(thing.name):
        raise PluginError(f"a {kind} cannot be called {thing.name!r}; use letters, digits, - and _")
    if kind == "backend":
        _check_backend(thing)


def is_one(kind: str, thing: object) -> bool:
    """Tell whether a thing is of a kind."""
    return isinstance(thing, pkgutil.resolve_name(CLASSES[kind]))


def check_callback(callback: object) -> None:
    """Raise PluginError unless a run can call it."""
    if isinstance(callback, type):
        raise PluginError(f"its callback is {shown(callback)}; return an instance of it")
    if not callable(callback):
        raise PluginError(f"its callback {shown(callback)} cannot be called")


def _check_backend(backend: Backend) -> None:
    from gankit.backend import API

    if backend.api != API:
        raise PluginError(
            f"backend {backend.name!r} was written for API {backend.api!r}, this gankit has {API}; "
            "upgrade whichever is older"
        )
    kinds: tuple[tuple[str, Callable[[Any], bool]], ...] = (
        ("requires", lambda value: isinstance(value, tuple | list)),
        ("build", callable),
        ("capabilities", lambda value: isinstance(value, Set)),  # Newer ones, too.
        ("exports", lambda value: isinstance(value, Mapping)),
    )
    for field, fits in kinds:
        if not fits(value := getattr(backend, field)):
            raise PluginError(f"backend {backend.name!r} has {field} {value!r}")
