"""Networks that `gankit.fit` takes by the name of a family."""

from __future__ import annotations

from typing import TypeVar

from gankit.layers import Shape, Spec
from gankit.recipes.families import family
from gankit.recipes.families.family import Role

Other = TypeVar("Other")


def network_of(given: str | Other, role: Role, shape: Shape, outputs: int = 1) -> Spec | Other:
    """Return the layers of a family, given by name, for images of `shape`; others unchanged.

    Parameters
    ----------
    given
        The name of a family, or a network.
    role
        "generator" or "discriminator".
    shape
        `(height, width, channels)` of the images.
    outputs
        Numbers that the discriminator makes for an image.

    Raises
    ------
    ConfigError
        The family is unknown or makes no such images.
    """
    if isinstance(given, str):
        return family(given).layers(role, shape, {}, outputs)
    return given
