"""What still works and will not always: in one table, each with the version that it ends in.

A name that has moved is kept by its old module's `__getattr__`:

    __getattr__ = deprecations.names(__name__)

and a hook's argument that will go by its specification:

    @hookspec(warn_on_impl_args=deprecations.arguments("gankit_callbacks"))
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class GankitDeprecation(DeprecationWarning):
    """Something that works for now, what to use instead, and how long."""


@dataclass(frozen=True)
class Deprecation:
    """A name or a hook's argument that will go.

    Attributes
    ----------
    what
        "gankit.module.name", or "gankit_hook(argument)".
    instead
        What to use: for a name, the "gankit.module.name" that it has moved to.
    since, ends
        The versions of gankit that it warns from, and that it is gone in.
    """

    what: str
    instead: str
    since: str
    ends: str

    def __str__(self) -> str:
        """Say all of it in one line."""
        return (
            f"{self.what} is deprecated since gankit {self.since} and ends in {self.ends}; "
            f"use {self.instead}"
        )


TABLE: tuple[Deprecation, ...] = ()
"""All that is deprecated now. Nothing is, so far."""


def names(module: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module that keeps its deprecated names (PEP 562)."""

    def moved(name: str) -> Any:  # noqa: ANN401 - a module's attribute may be anything.
        for deprecation in TABLE:
            if deprecation.what == f"{module}.{name}":
                warnings.warn(str(deprecation), GankitDeprecation, stacklevel=2)
                home, _, attribute = deprecation.instead.rpartition(".")
                return getattr(importlib.import_module(home), attribute)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return moved


def arguments(hook: str) -> dict[str, Warning]:
    """Return the deprecated arguments of a hook, each with the warning for a plugin that asks."""
    return {
        deprecation.what[len(hook) + 1 : -1]: GankitDeprecation(str(deprecation))
        for deprecation in TABLE
        if deprecation.what.startswith(f"{hook}(")
    }
