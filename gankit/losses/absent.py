"""A loss that is not registered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gankit._utils.state import State
from gankit.errors import ConfigError
from gankit.losses.loss import Loss


@dataclass(frozen=True)
class _Absent:
    """A formula of a loss made by `absent`, and its follower."""

    name: str
    scalars: State

    def initial_scalars(self) -> State:
        """Return the scalars of the run."""
        return self.scalars

    def follow(self, *_tensors: object) -> Mapping[str, Any]:
        """Raise ConfigError."""
        moved: Mapping[str, Any] = self()
        return moved

    def with_numbers(self, **_options: float) -> Loss:
        """Return the placeholder, whatever the options of the run."""
        return absent(self.name, self.scalars)

    def __call__(self, *_tensors: object) -> Any:  # noqa: ANN401 - it returns nothing.
        """Raise ConfigError."""
        raise ConfigError(
            f"loss {self.name!r} is not registered; to train on, give the Loss again: "
            "gankit.train(out=..., resume=True, loss=...)"
        )


def absent(name: str, scalars: State) -> Loss:
    """Return a placeholder for an unregistered loss: the run can sample, but not train.

    Parameters
    ----------
    name
        Its name.
    scalars
        The run's scalars of its follower; empty if it has none.
    """
    formula = _Absent(name, scalars)
    follower = formula if scalars else None
    return Loss(name, formula, formula, follower=follower, options=formula.with_numbers)
