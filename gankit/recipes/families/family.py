"""A family: two pure functions, from the shape of images to the layers of both networks."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gankit._utils.counts import MOST_COUNT
from gankit._utils.field_types import fits, words
from gankit.errors import ConfigError, UnknownName, did_you_mean, shown
from gankit.layers import Shape, Spec
from gankit.recipes.families import sizes
from gankit.recipes.families.sizes import Size

Role = Literal["generator", "discriminator"]


@dataclass(frozen=True)
class Family:
    """Networks of one kind, for images of any size that the family makes.

    Attributes
    ----------
    name
        Its name, for `family = "NAME"` in a recipe.
    width
        The width of networks that state none.
    generator, discriminator
        Functions of a shape `(height, width, channels)`, of `width=` and of options, which return
        layers. That of the discriminator takes `outputs=`, the numbers that it makes for an image.
    any_size
        Whether the networks make images of any size; False, the default, for sizes as in `sizes`.
    """

    name: str
    width: int
    generator: Callable[..., Spec]
    discriminator: Callable[..., Spec]
    any_size: bool = False

    def layers(
        self, role: Role, shape: Shape, options: Mapping[str, Any], outputs: int = 1
    ) -> Spec:
        """Return the layers of one network.

        Parameters
        ----------
        role
            "generator" or "discriminator".
        shape
            `(height, width, channels)` of the images.
        options
            `width` and the family's own options, each with its default.
        outputs
            Numbers that the discriminator makes for an image.

        Raises
        ------
        ConfigError
            The family makes no such images, or an option is unknown or invalid.
        """
        function = self.generator if role == "generator" else self.discriminator
        _check_options(self.name, role, function, options)
        given = {"outputs": outputs} if role == "discriminator" else {}
        try:
            return function(shape, **{"width": self.width, **options, **given})
        except ConfigError as error:
            raise ConfigError(f"family {self.name}: {error}") from None

    def makes(self, size: Size) -> bool:
        """Return whether the family makes images of this height and width."""
        return self.any_size or sizes.makes(size)

    def nearest(self, size: Size, most: int) -> Size:
        """Return the size that it makes nearest to `size`, with sides of at most `most`."""
        return sizes.within(size, most) if self.any_size else sizes.nearest(size, most)


def _check_options(
    family: str, role: Role, function: Callable[..., Spec], options: Mapping[str, Any]
) -> None:
    """Raise ConfigError unless each option is one of the function's, of its declared type."""
    declared = typing.get_type_hints(function)
    known = set(inspect.signature(function).parameters) - {"shape", "outputs"}
    for option, value in options.items():
        place = f"{role}.{option}"
        if option not in known:
            raise ConfigError(
                f"unknown key {place!r}; the {role} of family {family!r} has: "
                f"{', '.join(sorted(known))}{did_you_mean(option, known)}"
            )
        hint = declared[option]
        if typing.get_origin(hint) is Literal and isinstance(value, str):
            if not fits(value, hint):
                raise UnknownName(place, value, typing.get_args(hint))
        elif not fits(value, hint):
            raise ConfigError(f"{place}: got {shown(value)}; expected {words(hint)}")
        least = 1 if option == "width" else 0
        if hint is int and not least <= value <= MOST_COUNT:
            raise ConfigError(f"{place}: got {value}; expected {least} to {MOST_COUNT:,}")
