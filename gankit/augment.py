"""Differentiable augmentation and instance noise for the discriminator's inputs.

Real and generated images are augmented alike, in both networks' updates, so that the augmentation
does not leak into the generated images (Zhao et al. 2020). The formulas use `+ - *` and the
operations of `AugmentOps`; the random inputs come with the batch, from
`gankit.contract.random_inputs`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, get_args

from gankit._utils.field_types import check_fields
from gankit._utils.known_arguments import known_arguments
from gankit._utils.plain_numbers import number, plain_numbers
from gankit.errors import ConfigError, UnknownName
from gankit.schedules import Rate, ends

Tensor: TypeAlias = Any
"""An array of the backend's own kind."""
Half = Literal["real", "fake"]
HALVES: tuple[Half, ...] = get_args(Half)
View = Literal["real", "fake", "again"]
"""What is augmented by itself: a half of the batch, or the real one once more."""
Transform = Literal[
    "brightness", "saturation", "contrast", "translation", "cutout", "affine", "flip", "turn"
]
TRANSFORMS: tuple[Transform, ...] = get_args(Transform)
DIFFAUGMENT: tuple[Transform, ...] = TRANSFORMS[:5]
"""Those of Zhao et al. 2020."""


class AugmentOps(Protocol):
    """The operations that a backend provides; images are `(B, height, width, channels)`."""

    def mean_over(self, images: Tensor, axes: tuple[int, ...], /) -> Tensor:
        """Return the mean of `images` over `axes`, which remain as axes of length 1."""
        ...

    def shift(self, images: Tensor, offsets: Tensor, /) -> Tensor:
        """Shift each of `images` down and right by its row of `offsets`, `(B, 2)` int64.

        `y[n, i, j] = x[n, i - offsets[n, 0], j - offsets[n, 1]]`, or 0 outside the image.
        """
        ...

    def warp(self, images: Tensor, maps: Tensor, /) -> Tensor:
        """Stretch, shear and shift each of `images`, first its rows, then its columns.

        `maps` are `(B, 2, 3)`, for each direction (scale, shear, shift), the shift in pixels. With
        x and y the distances of a pixel from the image's centre,

            z[n, y, x] = images[n, y, scale * x + shear * y + shift]      with maps[n, 0]
            result[n, y, x] = z[n, scale * y + shear * x + shift, x]      with maps[n, 1]

        A value between two pixels is interpolated linearly; outside the image it is that of the
        edge (Catmull & Smith 1980, transforms in two passes).
        """
        ...

    def transpose(self, images: Tensor, /) -> Tensor:
        """Return `(B, width, height, channels)`: `images` with rows in place of columns."""
        ...

    def below(self, numbers: Tensor, threshold: Tensor, /) -> Tensor:
        """Return 1 where one of `numbers` is below `threshold`, else 0, in their precision."""
        ...


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Augment:
    """The augmentation policy: the first five are DiffAugment (Zhao et al. 2020, appendix).

        brightness   x + u, u ~ U(-1/2, 1/2)
        saturation   m + u * (x - m), u ~ U(0, 2), m the mean over channels
        contrast     m + u * (x - m), u ~ U(1/2, 3/2), m the image's mean
        translation  by up to 1/8 of each side, filled with zeros
        cutout       a rectangle of half of each side, at a random position, set to zero
        affine       turned by U(-0.3, 0.3) radians, sheared by U(-0.3, 0.3), scaled by
                     exp(U(-0.2, 0.2)) and shifted by up to 0.075 of each side, between pixels too;
                     outside, the values of the edge
        flip         mirrored from left to right, half of the images
        turn         by 0, 90, 180 or 270 degrees; by 0 or 180 if the image is not square

    They are applied in the order of the policy.

    Attributes
    ----------
    policy
        Names of transforms; the default is DiffAugment, the first five.
    chance
        The probability with which each transform is applied to an image, in [0, 1], or a schedule
        of it, as in Huang et al. 2024; 1.0 by default. It is 1 if the augmentation is adaptive.
    adaptive
        Whether each transform is applied to an image with probability p, which adapts to the
        discriminator (ADA: Karras et al. 2020b, section 3): with r the logits of real images,
        p starts at 0, and after each `every` discriminator updates
        p <- min(max(p + sign(E sign(r) - target) * batch * every / images, 0), 1),
        with E over those updates. A trainer's state has "ada/p"; "ada/signs", the sum of
        E sign(r) over the updates since the last change of p (float64); and "ada/updates", their
        number (int64).
    target, images, every
        As above; `images` is the number of images in which p can go from 0 to 1.
    """

    policy: tuple[Transform, ...] = DIFFAUGMENT
    adaptive: bool = False
    target: float = 0.6
    images: float = 500_000
    every: int = 4
    chance: Rate = 1.0

    def __post_init__(self) -> None:
        """Raise ConfigError for an unknown or repeated transform and for values out of range."""
        if isinstance(self.policy, list):  # As TOML writes it.
            object.__setattr__(self, "policy", tuple(self.policy))
        check_fields(self, "augmentation")
        for name in self.policy:
            if name not in TRANSFORMS:
                raise UnknownName("transform", name, TRANSFORMS)
        if len(set(self.policy)) < len(self.policy) or not self.policy:
            raise ConfigError(
                f"augmentation.policy: got {list(self.policy)}; expected one transform or more, "
                "each once"
            )
        if not self.images > 0:
            raise ConfigError(f"augmentation.images: got {self.images}; expected above 0")
        if self.every < 1:
            raise ConfigError(f"augmentation.every: got {self.every}; expected at least 1")
        if not all(0 <= chance <= 1 for chance in ends(self.chance)):
            raise ConfigError(f"augmentation.chance: got {self.chance}; expected 0 to 1")
        if self.adaptive and self.chance != 1:
            raise ConfigError(
                f"augmentation.chance: got {self.chance} with adaptive = true, which moves the "
                "chance by itself; leave out either"
            )

    @property
    def gated(self) -> bool:
        """Whether an image may be left as it is: a random input says which are."""
        return self.adaptive or self.chance != 1

    def moved(self, p: float, signs: float, updates: int, batch: int) -> float:
        """Return the probability p after some discriminator updates.

        Parameters
        ----------
        p
            The probability before them, in [0, 1].
        signs
            The sum over the updates of E sign(r), each in [-1, 1].
        updates
            Their number, at least 1.
        batch
            Images per update.

        >>> Augment(adaptive=True).moved(0.5, signs=4.0, updates=4, batch=125)
        0.501
        """
        p, signs, updates, batch = map(number, (p, signs, updates, batch))
        above = signs / updates - self.target
        direction = (above > 0) - (above < 0)
        return min(max(p + direction * batch * self.every / self.images, 0.0), 1.0)


def view(
    ops: AugmentOps,
    augment: Augment | None,
    images: Tensor,
    half: View,
    random: Mapping[str, Tensor],
    sigma: Tensor,
    p: Tensor = None,
) -> Tensor:
    """Return `images` as the discriminator sees them: augmented, with instance noise.

    Parameters
    ----------
    ops
        The backend's operations.
    augment
        Which transforms are applied; None applies none.
    images
        `(B, height, width, channels)`.
    half
        Which random inputs to use: those of the real or of the generated images, or those of a
        second view of the real ones.
    random
        As in `Batch`: "augment/real/brightness", ..., "instance/real".
    sigma
        Standard deviation of the instance noise that is added last (Sønderby et al. 2017);
        used only if `random` contains instance noise.
    p
        The probability of each transform, if the augmentation is gated: the follower's if it is
        adaptive, else the scalar "augment".
    """
    for name in augment.policy if augment else ():
        numbers = _strip_prefix(random, f"augment/{half}/{name}")
        changed = FORMULAS[name](ops, images, numbers)
        if p is None:
            images = changed
        else:
            on = ops.below(numbers["gate"], p)
            images = on * changed + (1 - on) * images
    if (noise := random.get(f"instance/{half}")) is not None:
        images = images + noise * sigma
    return images


Numbers: TypeAlias = Mapping[str, Tensor]
Formula: TypeAlias = Callable[[AugmentOps, Tensor, Numbers], Tensor]


def _brightness(_ops: AugmentOps, images: Tensor, numbers: Numbers) -> Tensor:
    return images + numbers["value"]


def _scale_about_mean(*axes: int) -> Formula:
    def formula(ops: AugmentOps, images: Tensor, numbers: Numbers) -> Tensor:
        mean = ops.mean_over(images, axes)
        return mean + (images - mean) * numbers["value"]

    return formula


def _translation(ops: AugmentOps, images: Tensor, numbers: Numbers) -> Tensor:
    return ops.shift(images, numbers["offsets"])


def _cutout(_ops: AugmentOps, images: Tensor, numbers: Numbers) -> Tensor:
    return images * (1 - numbers["rows"] * numbers["columns"])


def _affine(ops: AugmentOps, images: Tensor, numbers: Numbers) -> Tensor:
    return ops.warp(images, numbers["maps"])


def _turn(ops: AugmentOps, images: Tensor, numbers: Numbers) -> Tensor:
    if (crossed := numbers.get("transposed")) is not None:
        images = crossed * ops.transpose(images) + (1 - crossed) * images
    return ops.warp(images, numbers["maps"])


FORMULAS: dict[str, Formula] = {
    "brightness": _brightness,
    "saturation": _scale_about_mean(3),
    "contrast": _scale_about_mean(1, 2, 3),
    "translation": _translation,
    "cutout": _cutout,
    "affine": _affine,
    "flip": _affine,
    "turn": _turn,
}


def _strip_prefix(random: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    start = len(prefix) + 1
    return {name[start:]: value for name, value in random.items() if name.startswith(f"{prefix}/")}
