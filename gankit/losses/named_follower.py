"""The follower of a loss, whose errors name the loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gankit._text import plain
from gankit._utils.state import State
from gankit.errors import ConfigError, GankitError, described, place_of, shown
from gankit.followers import Follower, FollowerOps, Tensor
from gankit.losses.named_formula import REASON_CHARACTERS

ALLOWED = "+ - * / and ops.mean, ops.total, ops.relu and ops.below"
"""What a follower may use, for messages."""


@dataclass(frozen=True)
class NamedFollower:
    """The follower of a loss, whose scalars are checked, and whose errors name the loss.

    Attributes
    ----------
    loss
        The loss's name.
    follower
        The user's follower.
    """

    loss: str
    follower: Follower

    def __str__(self) -> str:
        """Return the name in messages."""
        return f"the follower of loss {self.loss!r}"

    @property
    def logged(self) -> tuple[str, ...]:
        """The names of scalars that are columns of the losses."""
        found = getattr(self.follower, "logged", ())
        if not isinstance(found, tuple | list):
            raise ConfigError(f"logged of {self}: got {shown(found)}; expected a tuple of names")
        return tuple(found)

    def initial_scalars(self) -> State:
        """Return the scalars at the start.

        Raises
        ------
        ConfigError
            The function fails, returns something else than numbers by name, or `logged` has the
            name of none of them.
        """
        found = self._called("initial_scalars")
        for name, scalar in self._scalars("initial_scalars", found).items():
            if not _is_scalar(scalar):
                raise ConfigError(
                    f"initial_scalars of {self}: got {shown(scalar)} for {name!r}; expected an "
                    "array of shape (), float64 or int64, such as np.zeros(())"
                )
        for name in self.logged:
            if name not in found:
                raise ConfigError(
                    f"logged of {self}: got {shown(name)}; expected some of its scalars: "
                    f"{_listed(found)}"
                )
        return {name: np.asarray(scalar) for name, scalar in found.items()}

    def follow(
        self, ops: FollowerOps, scalars: Mapping[str, Tensor], real: Tensor, fake: Tensor, /
    ) -> Mapping[str, Tensor]:
        """Return the scalars after an update.

        Parameters
        ----------
        ops, scalars, real, fake
            As in `gankit.followers.Follower`.

        Raises
        ------
        ConfigError
            The function fails, or does not return a number for each of the scalars.
        """
        found = self._scalars("follow", self._called("follow", ops, scalars, real, fake))
        if found.keys() != set(self._names):
            raise ConfigError(
                f"follow of {self}: got scalars {_listed(found)}; expected those of the start: "
                f"{_listed(self._names)}"
            )
        for name, scalar in found.items():
            kind, shape = type(scalar), tuple(getattr(scalar, "shape", ()))
            if shape or (kind.__module__ == "builtins" and kind not in (int, float)):
                got = f"a result of shape {shape}" if shape else shown(scalar)
                raise ConfigError(
                    f"follow of {self}: got {got} for {name!r}; expected a scalar; use ops.mean"
                )
        return found

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(self.initial_scalars())

    def _called(self, role: str, *arguments: Any) -> Any:  # noqa: ANN401 - any backend's tensors.
        """Call a function of the follower; ConfigError if it fails."""
        try:
            return getattr(self.follower, role)(*arguments)
        except (GankitError, MemoryError):
            raise
        except Exception as error:
            reason = plain(described(error), REASON_CHARACTERS)
            remedy = f"; use only {ALLOWED}" if role == "follow" else ""
            raise ConfigError(
                f"{role} of {self} failed: {reason}{place_of(error)}{remedy}"
            ) from error

    def _scalars(self, role: str, found: object) -> Mapping[str, Any]:
        """Return what a function returned; ConfigError unless it is scalars by name."""
        if not isinstance(found, Mapping) or not all(isinstance(name, str) for name in found):
            raise ConfigError(
                f"{role} of {self}: got {shown(found)}; expected a dict of scalars by name"
            )
        return found


def bare_follower(follower: Follower) -> Follower:
    """Return the user's object of a follower."""
    return follower.follower if isinstance(follower, NamedFollower) else follower


def _is_scalar(value: object) -> bool:
    if not isinstance(value, np.ndarray | np.generic):
        return False
    return not value.shape and value.dtype in (np.float64, np.int64)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
