"""Terms of the losses: what a head of the discriminator, its features or a value are to be.

A term compares the outputs of a head of the discriminator, `of`, with `to`; or a value, such as
generated images, with another, entry by entry. With o and t an image's values of each, and E the
mean over the images:

    cross-entropy   E (logsumexp(o) - sum(t o)), t one-hot; E over the images that have a label,
                    0 without any
    l1              E mean(|o - t|), the mean over the values; its derivative where o = t is 0
    binary-cross-entropy    E mean(log(1 + exp(o)) - t o), t of 0 and 1, the mean over the columns
    l2              E mean((o - t)^2), the mean over the values
    gaussian        E sum(1/2 ((t - m)^2 exp(-s) + s + log(2 pi))), m the first half of o's columns
                    and s the second: the negative logarithm of a normal density (Chen et al. 2016)

    mutual-information    2 sum(p log p) - sum(P log P): minus the information that two views of a
                    real image, each augmented by itself, have about each other. P are the joint
                    probabilities of their classes, the mean of o v^T and its transpose over the
                    images, with o and v the softmax of the head for each view; p are the sums of
                    its rows (Ji et al. 2019, invariant information clustering)

Four kinds have no head:

    kl                 E sum(1/2 (m^2 + exp(s) - s - 1)), m and s as of "gaussian": the divergence
                       of that normal distribution from the standard one (Kingma & Welling 2014)

    feature-matching   sum((E f - E r)^2), f and r the outputs of a layer of the discriminator for
                       a generated and for a real image (Salimans et al. 2016)
    pulling-away       the mean over all pairs of images of cos^2, c the angle between their outputs
                       of a layer of the discriminator, so that images differ (Zhao et al. 2017,
                       section 2.4); 0 for one image
    adversarial        the adversarial loss, by default on both sides with the weight 1
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from gankit._utils.field_types import as_tuple, check_fields
from gankit._utils.known_arguments import known_arguments
from gankit._utils.plain_numbers import plain_numbers
from gankit.errors import ConfigError, shown

Kind = Literal[
    "adversarial",
    "cross-entropy",
    "binary-cross-entropy",
    "l1",
    "l2",
    "gaussian",
    "kl",
    "feature-matching",
    "pulling-away",
    "mutual-information",
]
Side = Literal["generator", "discriminator"]
GENERATOR: Side = "generator"
DISCRIMINATOR: Side = "discriminator"
SIDES: tuple[Side, ...] = (GENERATOR, DISCRIMINATOR)
"""The sides, and the networks that are always there."""
LABEL, CODE = "label", "code/"
"""The labels as a value, and the beginning of a code's name as one."""
FAKE = "fake"
"""The generated images as a value."""
ALONE = ("kl", "pulling-away")
"""The kinds of one value, not compared with another."""
VALUES = ("l1", "l2", *ALONE)
"""The kinds that compare values."""
CLASS = "class"
"""The head of an auxiliary classifier."""
ADVERSARIAL, MATCHING, PULLING = "adversarial", "feature-matching", "pulling-away"
INFORMATION = "mutual-information"
FEATURES = re.compile(r"(real|fake)/logit@(0|-?[1-9][0-9]{0,3})")
"""The outputs of a layer of the discriminator."""


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Term:
    """One term.

    Attributes
    ----------
    kind
        "cross-entropy", "l1", "l2", "gaussian", "kl", "feature-matching", "pulling-away",
        "mutual-information", "adversarial", or "binary-cross-entropy" for labels of several
        attributes, each 0 or 1.
    of
        The outputs of a head of the discriminator: "fake/NAME" of generated images, "real/NAME" of
        real ones. Or a value, by "l1", "l2" or "kl": "fake", the generated images themselves, or
        one that a pass makes (`gankit.passes`), or the outputs of layer N of a pass through the
        discriminator, "NAME@N" or "real/logit@N"; N counts from 0, or from the end by -1, -2 and so
        on. For feature matching and pulling away "fake/logit@N"; empty for the adversarial term.
    to
        What they are to be: "code/NAME" of generated images, or "label": classes by cross-entropy,
        vectors by the other kinds. For a value another one, such as "real" or "source", the image
        of the same position in the batch; empty for "kl", "pulling-away" and
        "mutual-information". For feature matching "real/logit@N".
    sides
        The networks whose loss it joins: "generator", "discriminator" or both; by default the
        generator, both for the adversarial term, the discriminator for mutual information.
    weight
        Its factor, at least 0; 1 by default.
    by, real, fake
        For an adversarial term alone: the network that compares two halves, on the discriminator's
        side, and the values that it takes of each; by default "discriminator", on what it sees.
    """

    kind: Kind
    of: str = ""
    to: str = ""
    sides: tuple[Side, ...] = None  # type: ignore[assignment] # It depends on the kind.
    weight: float = 1.0
    by: str = ""
    real: tuple[str, ...] = ()
    fake: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise ConfigError for values of the wrong type or range."""
        if self.sides is None:
            both: tuple[Side, ...] = ("generator", "discriminator")
            usual = {ADVERSARIAL: both, INFORMATION: both[1:]}
            object.__setattr__(self, "sides", usual.get(self.kind, both[:1]))
        for name in ("sides", "real", "fake"):
            object.__setattr__(self, name, as_tuple(getattr(self, name)))
        check_fields(self, "term")
        if not self.sides or len(set(self.sides)) < len(self.sides):
            raise ConfigError(
                f"term.sides: got {list(self.sides)}; expected 'generator', 'discriminator' or both"
            )
        if not 0 <= self.weight < math.inf:
            raise ConfigError(f"term.weight: got {self.weight}; expected a number of at least 0")
        self._check_adversarial()
        if self.kind == MATCHING:
            self._check_features()
        elif self.of_values:
            self._check_values()
        elif self.kind != ADVERSARIAL:
            self._check_head()

    def _check_adversarial(self) -> None:
        """Raise ConfigError for other values of an adversarial term, or its values in another."""
        given = {"by": self.by, "real": self.real, "fake": self.fake}
        if self.kind == ADVERSARIAL:
            for name in ("of", "to"):
                if value := getattr(self, name):
                    raise ConfigError(
                        f"term.{name}: got {shown(value)} for 'adversarial'; leave it out"
                    )
        for name, value in given.items():
            if value and self.kind != ADVERSARIAL:
                raise ConfigError(
                    f"term.{name}: got {shown(value)} for {self.kind!r}; leave it out"
                )
        if self.real and self.fake and len(self.real) != len(self.fake):
            raise ConfigError(
                f"term.real: got {list(self.real)} with fake = {list(self.fake)}; expected as many "
                "values of each half"
            )

    def _check_features(self) -> None:
        """Raise ConfigError unless the values of feature matching are outputs of one layer."""
        of, to = FEATURES.fullmatch(self.of), FEATURES.fullmatch(self.to)
        if not of or of[1] != "fake":
            raise ConfigError(f"term.of: got {shown(self.of)}; expected 'fake/logit@N', a layer")
        if not to or to[1] != "real" or to[2] != of[2]:
            raise ConfigError(f"term.to: got {shown(self.to)}; expected 'real/logit@{of[2]}'")
        if self.sides != ("generator",):
            raise ConfigError(
                f"term.sides: got {list(self.sides)} for {self.kind!r}; expected ['generator']"
            )

    def _check_head(self) -> None:
        """Raise ConfigError unless `of` is a head, and `to` fits it."""
        if self.half not in ("real", "fake") or not self.head:
            raise ConfigError(
                f"term.of: got {shown(self.of)}; expected 'fake/NAME' or 'real/NAME', a head"
            )
        if self.kind == INFORMATION:
            self._check_information()
        elif self.to != LABEL and not self.code:
            raise ConfigError(f"term.to: got {shown(self.to)}; expected 'label' or 'code/NAME'")
        if self.code and self.kind == "binary-cross-entropy":
            raise ConfigError(
                f"term.kind: got {self.kind!r} to {self.to!r}; expected it to 'label'"
            )
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

    def _check_information(self) -> None:
        """Raise ConfigError unless `of` is a head for real images, compared with itself alone."""
        if self.half != "real":
            raise ConfigError(f"term.of: got {self.of!r} for {self.kind!r}; expected 'real/NAME'")
        if self.to:
            raise ConfigError(f"term.to: got {shown(self.to)} for {self.kind!r}; leave it out")

    def _check_values(self) -> None:
        """Raise ConfigError for a term of values that is not possible."""
        if self.kind not in VALUES:
            raise ConfigError(f"term.kind: got {self.kind!r} of images; expected 'l1' or 'l2'")
        if self.kind in ALONE and self.to:
            raise ConfigError(f"term.to: got {shown(self.to)} for {self.kind!r}; leave it out")
        if self.kind == PULLING and "@" not in self.of:
            raise ConfigError(f"term.of: got {shown(self.of)}; expected 'fake/logit@N', a layer")
        plain = "/" not in self.to or FEATURES.fullmatch(self.to) is not None
        if self.kind not in ALONE and (not plain or self.to in ("", LABEL)):
            raise ConfigError(
                f"term.to: got {shown(self.to)} for {self.of!r}; expected 'real' or 'source', or "
                "another value"
            )
        if self.sides != ("generator",):
            raise ConfigError(
                f"term.sides: got {list(self.sides)} for values; expected ['generator'], since "
                "they do not depend on the discriminator"
            )

    @property
    def has_head(self) -> bool:
        """Whether it compares the outputs of a head."""
        return self.kind not in (ADVERSARIAL, MATCHING) and not self.of_values

    @property
    def of_values(self) -> bool:
        """Whether it compares values, such as images, not the outputs of a head."""
        if self.of == FAKE:
            return True
        plain = "/" not in self.of or FEATURES.fullmatch(self.of) is not None
        return self.kind in VALUES and plain and self.to != LABEL and not self.code

    @property
    def half(self) -> str:
        """The half of the batch, "real" or "fake"."""
        return self.of.partition("/")[0]

    @property
    def layer(self) -> int:
        """The layer whose outputs feature matching compares; -1 is the last."""
        return int(self.of.rpartition("@")[2])

    @property
    def head(self) -> str:
        """The name of the head."""
        return self.of.partition("/")[2]

    @property
    def code(self) -> str:
        """The name of the code; empty for the labels."""
        return self.to.removeprefix(CODE) if self.to.startswith(CODE) else ""
