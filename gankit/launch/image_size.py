"""Whether networks make images of the data's shape, and what pictures lose on the way to theirs."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from gankit._utils.paths import is_folder
from gankit.config import TrainConfig, from_settings
from gankit.data import ImageSet, is_path
from gankit.data.formats.image_folder import first_picture
from gankit.errors import ConfigError, DataError
from gankit.launch.messages import warn
from gankit.layers import Shape
from gankit.recipes import recipes

SMALLER = 2
"""How many times as many pixels a picture has that loses most of them."""


def check_shape(config: TrainConfig, data: ImageSet) -> None:
    """Raise ConfigError, with the ways out, unless the generator makes images of the data's shape.

    Networks that cannot be built at all are left to those who build them.
    """
    try:
        made = config.image_shape
    except ConfigError:
        return
    shape = tuple(data.images.shape[1:])
    if made == shape:
        return
    size = config.images and config.images.size
    without = "leave --size out; or " if size and size != made[:2] else ""
    raise ConfigError(
        f"the networks of {config.recipe} make {told(made)} images, but those of {config.dataset} "
        f"are {told(shape)}; {without}{_way(config, shape)}"
    )


def warn_of_losses(config: TrainConfig) -> None:
    """Warn of pictures that lose colours or most pixels because nobody asked for another shape."""
    asked, path = config.images, Path(config.dataset)
    if not is_path(config.dataset) or not is_folder(path):
        return
    found = None
    with suppress(DataError):  # Reading the folder has told what is wrong with it.
        found = first_picture(path)
    if found is None:
        return
    name, shape = found
    made, lost = config.image_shape, []
    if shape[2] == 3 and made[2] == 1 and not (asked and asked.channels):
        lost.append("colours")
    if shape[0] * shape[1] > SMALLER * made[0] * made[1] and not (asked and asked.size):
        lost.append("most of their pixels")
    if lost:
        warn(
            f"the pictures, such as {name}, are {told(shape)}, but the networks of {config.recipe} "
            f"make {told(made)} images, so they lose {' and '.join(lost)}; to keep them, "
            f"{_way(config, shape)}"
        )


def told(shape: Shape) -> str:
    """Return a shape in words.

    >>> told((28, 28, 1)), told((32, 48, 3)), told((8, 8, 4))
    ('28x28 grey', '32x48 colour', '8x8 of 4 channels')
    """
    height, width, channels = shape
    kind = {1: "grey", 3: "colour"}.get(channels, f"of {channels} channels")
    return f"{height}x{width} {kind}"


def _way(config: TrainConfig, shape: Shape) -> str:
    """Say how to get networks for a shape: other recipes, and how to change one."""
    known = {recipe.name: from_settings(recipe.settings).image_shape for recipe in recipes()}
    fit = [name for name, made in known.items() if made == shape]
    others = f"choose --recipe {' or '.join(fit)}; or " if fit else ""
    if config.recipe not in known:
        return f"{others}change the layers in {config.recipe}"
    return (
        f"{others}save the recipe by `gankit recipes show {config.recipe} > mine.toml`, change its "
        "layers, and use --recipe mine.toml"
    )
