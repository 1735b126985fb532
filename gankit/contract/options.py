"""The options of an update that a configuration and a `Problem` share."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from gankit.augment import Augment
from gankit.codes import Code
from gankit.optimizers import Average
from gankit.passes import FurtherNetwork
from gankit.penalties import Penalty
from gankit.schedules import Rate
from gankit.terms import Term

Precision: TypeAlias = Literal["float32", "float64"]
SourceKind: TypeAlias = Literal["paired", "unpaired"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of an update; each is off, or has the usual value, by default.

    Attributes
    ----------
    fresh_noise
        Whether the generator's update draws new noise, the default; if False, it uses the noise
        of the last discriminator update, and a block may reuse that forward pass.
    average
        Moving average of the generator's weights, used for samples. None, the default, averages
        nothing.
    auxiliary
        Weight of an auxiliary classifier (Odena et al. 2017), at least 0; 0, the default, adds no
        classifier. Above 0 it is short for a head "class" of the discriminator, whose first
        columns after the logit are the class logits, and for two terms of this weight: the
        cross-entropy of "real/class" to "label" on the discriminator's side, and that of
        "fake/class" on both. Fakes take the labels of the real images.
    source
        Whether there is a second set of images, the sources, which networks can take: "paired", a
        source for each image, or "unpaired", sources of their own. None, the default, for none.
    codes
        Columns of the noise with a meaning, after the normal ones (`gankit.codes`); none by
        default.
    terms
        Terms of the losses besides the adversarial one (`gankit.terms`), which compare a head of
        the discriminator with a code or the labels, or generated images with others; none by
        default.
    networks
        Further networks by name (`gankit.passes`), such as an encoder; none by default.
    passes
        Values that networks make of others, by name: `{"code": "encoder(real)"}`; none by default.
    penalties
        Gradient penalties, added to the discriminator's loss; none by default.
    augment
        Augmentation of the discriminator's inputs (`gankit.augment.view`); None, the default,
        augments nothing.
    instance_noise
        Standard deviation of normal noise that is added to the discriminator's inputs, at least
        0, or a schedule; 0 by default.
    flip
        Whether real images are mirrored, left to right, with probability 1/2; False by default.
        Do not mirror digits or letters.
    freeze
        Layers whose weights do not change: "discriminator:0-3" for the first four layers of the
        discriminator, "generator:2" for one; none by default. Running state, as of a batch
        normalisation, changes in them as in any other layer.
    precision
        "float32", the default, or "float64", of all weights and computations.
    mixed
        Whether matrix products and convolutions may round their factors to bfloat16 in training,
        which is faster on some processors; everything else, weights and state included, is
        float32. False by default.
    device
        Device, as the backend's framework names it; "auto", the default, takes the best.
    seed
        Random seed, in [0, 2^63); 0 by default.
    """

    fresh_noise: bool = True
    average: Average | None = None
    auxiliary: float = 0.0
    source: SourceKind | None = None
    codes: tuple[Code, ...] = ()
    terms: tuple[Term, ...] = ()
    networks: Mapping[str, FurtherNetwork] = field(default_factory=dict, hash=False)
    passes: Mapping[str, str] = field(default_factory=dict, hash=False)
    penalties: tuple[Penalty, ...] = ()
    augment: Augment | None = None
    instance_noise: Rate = 0.0
    flip: bool = False
    freeze: tuple[str, ...] = ()
    precision: Precision = "float32"
    mixed: bool = False
    device: str = "auto"
    seed: int = 0

    def options(self) -> dict[str, Any]:
        """Return the options alone, by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(Options)}
