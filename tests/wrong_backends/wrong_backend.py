"""A wrong backend, and the list of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gankit.contract import Backend, Problem, Trainer
from gankit.errors import PluginError
from gankit.plugins import validation
from tests.wrong_backends.correct import CORRECT


@dataclass(frozen=True)
class WrongBackend:
    """A backend that breaks one promise.

    Attributes
    ----------
    name
        "trains-both-networks".
    promise
        What it does wrong, in one sentence.
    clauses
        The clauses that must reject it.
    build
        Makes its trainer.
    fields
        The fields of `Backend` in which it differs from the correct backend.
    kind
        The class of its `Backend`.
    """

    name: str
    promise: str
    clauses: tuple[str, ...]
    build: Callable[[Problem], Trainer]
    fields: dict[str, Any]
    kind: type[Backend]

    def backend(self) -> Backend:
        """Return it as a `Backend`."""
        fields = {**vars(CORRECT), "name": self.name, "build": self.build, **self.fields}
        return self.kind(**fields)

    @property
    def listed(self) -> bool:
        """Whether gankit lists it: the validation of plugins accepts its fields."""
        try:
            validation.check("backend", self.backend())
        except PluginError:
            return False
        return True


WRONG_BACKENDS: list[WrongBackend] = []


def caught_by(*clauses: str, kind: type[Backend] = Backend, **fields: Any) -> Callable[[Any], Any]:
    """Add the decorated trainer to the list; its name and docstring become name and promise."""

    def add(build: Any) -> Any:
        name = "".join(f"-{c.lower()}" if c.isupper() else c for c in build.__name__)
        name = name.replace("_", "-").strip("-")
        WRONG_BACKENDS.append(WrongBackend(name, build.__doc__, clauses, build, fields, kind))
        return build

    return add
