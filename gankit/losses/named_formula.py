"""A formula of a loss, whose errors name the loss."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gankit._text import plain
from gankit.errors import ConfigError, GankitError, described, place_of, shown
from gankit.losses.operations import ALLOWED

PARAMETERS = {
    "discriminator": ("ops", "real", "fake"),
    "generator": ("ops", "real", "fake"),
    "of_fakes": ("ops", "fake"),
}
"""The parameters of each function of a loss."""

REASON_CHARACTERS = 120
"""The most characters of a function's error in a message."""


@dataclass(frozen=True)
class NamedFormula:
    """A formula of a loss, whose errors name the loss.

    Attributes
    ----------
    loss
        The loss's name.
    role
        One of `PARAMETERS`.
    function
        The user's function.
    more
        Names of further parameters.
    """

    loss: str
    role: str
    function: Callable[..., Any]
    more: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise ConfigError unless the function takes the parameters of its role."""
        try:
            signature = inspect.signature(self.function)
        except (TypeError, ValueError):  # Functions written in C may have no signature.
            return
        expected = PARAMETERS[self.role] + self.more
        try:
            signature.bind(*expected)
        except TypeError:
            found = ", ".join(signature.parameters)
            raise ConfigError(
                f"{self}: got a function of ({found}); expected ({', '.join(expected)})"
            ) from None

    def __str__(self) -> str:
        """Return the name in messages."""
        return f"{self.role} of loss {self.loss!r}"

    def __call__(self, *tensors: Any) -> Any:  # noqa: ANN401 - any backend's tensors.
        """Return the loss.

        Raises
        ------
        ConfigError
            The function fails, or does not return a scalar.
        """
        try:
            made = self.function(*tensors)
        except (GankitError, MemoryError):
            raise
        except Exception as error:
            place = place_of(error, error.__traceback__ and error.__traceback__.tb_next)
            remedy = f"use only {ALLOWED}"
            if tensors[1] is None and "None" in str(error):
                remedy = "it uses real: give paired=True"
            reason = plain(described(error), REASON_CHARACTERS)
            raise ConfigError(f"{self} failed: {reason}{place}; {remedy}") from error
        if type(made).__module__ == "builtins":  # Python's own numbers, texts, tuples and the like.
            raise ConfigError(
                f"{self}: got the result {shown(made)}; expected a scalar computed from logits"
            )
        if shape := tuple(getattr(made, "shape", ())):
            raise ConfigError(
                f"{self}: got a result of shape {shape}; expected a scalar; use ops.mean"
            )
        return made


def bare(formula: Callable[..., Any]) -> Callable[..., Any]:
    """Return the user's function of a formula."""
    return formula.function if isinstance(formula, NamedFormula) else formula
