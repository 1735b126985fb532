"""Families: networks of one kind, for images of any size.

A recipe states a family and a width in place of layers, and takes height, width and channels from
`--size`, `--channels` or the data. The layers alone are written into a run.

>>> generator, discriminator = networks("dcgan", (64, 64, 3), width=32)
>>> generator[0].units, len(generator), len(discriminator)
(4096, 15, 13)
"""

from __future__ import annotations

from gankit.errors import ConfigError, UnknownName, known_name, shown
from gankit.layers import Shape, Spec
from gankit.recipes.families import dcgan, dense, r3, sn_dcgan, sn_resnet
from gankit.recipes.families.family import Family

FAMILIES = {
    family.name: family
    for family in (
        Family("dense", 256, dense.generator, dense.discriminator, any_size=True),
        Family("dcgan", 32, dcgan.generator, dcgan.discriminator),
        Family("sn-dcgan", 32, sn_dcgan.generator, sn_dcgan.discriminator),
        Family("sn-resnet", 32, sn_resnet.generator, sn_resnet.discriminator),
        Family("r3", 32, r3.generator, r3.discriminator),
    )
}
"""Every family, by name."""

__all__ = ["FAMILIES", "Family", "family", "networks"]


def family(name: object) -> Family:
    """Return the family called `name`; UnknownName if there is none."""
    if not isinstance(name, str):
        raise ConfigError(f"family: got {shown(name)}; expected {' or '.join(FAMILIES)}")
    found = known_name(name, FAMILIES)
    if found is None:
        raise UnknownName("family", name, FAMILIES)
    return FAMILIES[found]


def networks(
    name: str, shape: Shape, *, width: int | None = None, outputs: int = 1
) -> tuple[Spec, Spec]:
    """Return the layers of a family's generator and discriminator.

    Parameters
    ----------
    name
        "dense", "dcgan", "sn-dcgan", "sn-resnet" or "r3".
    shape
        `(height, width, channels)` of the images.
    width
        Channels, or units, of the narrowest layer; None, the default, for the family's own.
    outputs
        Numbers that the discriminator makes for an image: 1, the default, or 1 + classes with an
        auxiliary classifier.

    Raises
    ------
    ConfigError
        The family is unknown or makes no images of this size; the message names the two nearest.
    """
    if len(shape) != 3:
        raise ConfigError(f"shape: got {shown(shape)}; expected (height, width, channels)")
    found = family(name)
    options = {} if width is None else {"width": width}
    return (
        found.layers("generator", shape, options),
        found.layers("discriminator", shape, options, outputs),
    )
