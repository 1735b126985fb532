"""What a saboteur is, and the list of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gankit.contract import Backend, Problem, Trainer
from gankit.errors import PluginError
from gankit.plugins import validation
from tests.saboteurs.honest import HONEST


@dataclass(frozen=True)
class Saboteur:
    """A backend that breaks one promise.

    Attributes
    ----------
    name
        "trains-both-networks".
    promise
        What it does wrong, in a sentence.
    clauses
        The tests that must catch it.
    build
        Makes its trainer.
    offer
        What it says of itself that the honest backend does not.
    kind
        The class of its `Backend`.
    """

    name: str
    promise: str
    clauses: tuple[str, ...]
    build: Callable[[Problem], Trainer]
    offer: dict[str, Any]
    kind: type[Backend]

    def backend(self) -> Backend:
        """Return it as a backend."""
        fields = {**vars(HONEST), "name": self.name, "build": self.build, **self.offer}
        return self.kind(**fields)

    @property
    def presentable(self) -> bool:
        """Whether gankit would list it: its offer breaks nothing that discovery looks at."""
        try:
            validation.check("backend", self.backend())
        except PluginError:
            return False
        return True


SABOTEURS: list[Saboteur] = []


def caught_by(*clauses: str, kind: type[Backend] = Backend, **offer: Any) -> Callable[[Any], Any]:
    """Enlist the trainer below, which is named and described by its own name and docstring."""

    def enlist(build: Any) -> Any:
        name = "".join(f"-{c.lower()}" if c.isupper() else c for c in build.__name__)
        name = name.replace("_", "-").strip("-")
        SABOTEURS.append(Saboteur(name, build.__doc__, clauses, build, offer, kind))
        return build

    return enlist
