"""Terms of the losses besides the adversarial one: what a head of the discriminator is to be.

A term compares the outputs of a head, `of`, with `to`. With o and t an image's row of each, and E
the mean over the images:

    cross-entropy   E (logsumexp(o) - sum(t o)), t one-hot; E over the images that have a label,
                    0 without any
    l1              E mean(|o - t|), the mean over the columns; its derivative where o = t is 0
    l2              E mean((o - t)^2), the mean over the columns
    gaussian        E sum(1/2 ((t - m)^2 exp(-s) + s + log(2 pi))), m the first half of o's columns
                    and s the second: the negative logarithm of a normal density (Chen et al. 2016)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from gankit._utils.field_types import as_tuple, check_fields
from gankit._utils.known_arguments import known_arguments
from gankit._utils.plain_numbers import plain_numbers
from gankit.errors import ConfigError, shown

Kind = Literal["cross-entropy", "l1", "l2", "gaussian"]
Side = Literal["generator", "discriminator"]
LABEL, CODE = "label", "code/"
"""The labels as a value, and the beginning of a code's name as one."""
CLASS = "class"
"""The head of an auxiliary classifier."""


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Term:
    """One term.

    Attributes
    ----------
    kind
        "cross-entropy", "l1", "l2" or "gaussian".
    of
        The outputs of a head of the discriminator: "fake/NAME" of generated images, "real/NAME" of
        real ones.
    to
        What they are to be: "code/NAME" of generated images, or "label", by cross-entropy.
    sides
        The networks whose loss it joins: "generator", "discriminator" or both; the generator by
        default.
    weight
        Its factor, at least 0; 1 by default.
    """

    kind: Kind
    of: str
    to: str
    sides: tuple[Side, ...] = ("generator",)
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Raise ConfigError for values of the wrong type or range."""
        object.__setattr__(self, "sides", as_tuple(self.sides))
        check_fields(self, "term")
        if self.half not in ("real", "fake") or not self.head:
            raise ConfigError(
                f"term.of: got {shown(self.of)}; expected 'fake/NAME' or 'real/NAME', a head"
            )
        if self.to != LABEL and not self.code:
            raise ConfigError(f"term.to: got {shown(self.to)}; expected 'label' or 'code/NAME'")
        if self.to == LABEL and self.kind != "cross-entropy":
            raise ConfigError(f"term.kind: got {self.kind!r} to 'label'; expected 'cross-entropy'")
        if not self.sides or len(set(self.sides)) < len(self.sides):
            raise ConfigError(
                f"term.sides: got {list(self.sides)}; expected 'generator', 'discriminator' or both"
            )
        if not 0 <= self.weight < math.inf:
            raise ConfigError(f"term.weight: got {self.weight}; expected a number of at least 0")
        if self.half == "real" and "generator" in self.sides:
            raise ConfigError(
                f"term.sides: got 'generator' for {self.of!r}; expected ['discriminator'], since "
                "real images do not depend on the generator"
            )
        if self.half == "real" and self.code:
            raise ConfigError(
                f"term.to: got {self.to!r} for {self.of!r}; expected 'label'; only generated "
                "images have codes"
            )

    @property
    def half(self) -> str:
        """The half of the batch, "real" or "fake"."""
        return self.of.partition("/")[0]

    @property
    def head(self) -> str:
        """The name of the head."""
        return self.of.partition("/")[2]

    @property
    def code(self) -> str:
        """The name of the code; empty for the labels."""
        return self.to.removeprefix(CODE) if self.to.startswith(CODE) else ""
