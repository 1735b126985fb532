"""Compare the networks' image shape with the data's, and warn if resizing loses detail."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from gankit import plugins
from gankit._text import counted
from gankit._utils.paths import is_folder
from gankit.config import TrainConfig
from gankit.data import ImageOptions, ImageSet, is_path
from gankit.data.formats.image_folder import first_picture
from gankit.data.memory_data import origin
from gankit.errors import ConfigError, DataError
from gankit.launch.messages import warn
from gankit.layers import Shape
from gankit.recipes.families import sizes

MOST_PIXELS_FACTOR = 2
"""Images with more than this many times the pixels lose most of them."""


def check_shape(config: TrainConfig, data: ImageSet, *, resumed: bool = False) -> None:
    """Raise ConfigError, with remedies, if the generator's images have another shape than the data.

    Networks that cannot be built are not checked here. The networks of a `resumed` run are fixed.
    """
    try:
        made = config.image_shape
    except ConfigError:
        return
    shape = tuple(data.images.shape[1:])
    if made == shape:
        return
    requested = config.images or ImageOptions()
    remedies = ["remove --size"] if requested.size not in (None, made[:2]) else []
    remedies += ["remove --channels"] if requested.channels not in (None, made[2]) else []
    if not resumed:
        remedies.append(_remedy(config, shape))
    elif not remedies:
        remedies.append("give the run's own images with --dataset, or train in another folder")
    raise ConfigError(
        f"generator output is {described(made)} but the images {origin(config.dataset)} are "
        f"{described(shape)}; {'; or '.join(remedies)}"
    )


def warn_of_lost_detail(config: TrainConfig) -> None:
    """Warn if images lose colours or most pixels, and no other shape was requested."""
    requested, path = config.images, Path(config.dataset)
    if not is_path(config.dataset) or not is_folder(path):
        return
    found = None
    with suppress(DataError):  # Reading the folder has reported it.
        found = first_picture(path)
    if found is None:
        return
    name, shape = found
    made, lost = config.image_shape, []
    if shape[2] == 3 and made[2] == 1 and not (requested and requested.channels):
        lost.append("colours")
    many = shape[0] * shape[1] > MOST_PIXELS_FACTOR * made[0] * made[1]
    if many and not (requested and requested.size):
        lost.append("most of their pixels")
    if lost:
        warn(
            f"the images, such as {name}, are {described(shape)}, but the generator of "
            f"{config.recipe} makes {described(made)}: they lose {' and '.join(lost)}; "
            f"to keep them, {_remedy(config, shape)}"
        )


def described(shape: Shape) -> str:
    """Describe a shape.

    >>> described((28, 28, 1)), described((32, 48, 3)), described((8, 8, 4))
    ('28x28 grey', '32x48 colour', '8x8 of 4 channels')
    """
    height, width, channels = shape
    kind = {1: "grey", 3: "colour"}.get(channels, f"of {counted(channels, 'channel')}")
    return f"{height}x{width} {kind}"


def _remedy(config: TrainConfig, shape: Shape) -> str:
    """Return how to get networks of a shape: a recipe that takes it, or other layers."""
    fitting = "pictures" if sizes.makes((shape[0], shape[1])) else "simple"
    change = f"change the layers in {config.recipe}"
    if config.recipe in plugins.recipes():
        change = f"save {config.recipe} by `gankit recipes show`, change it, and give its file"
    if config.recipe == fitting:
        return change
    return f"choose a recipe that takes their size, such as --recipe {fitting}; or {change}"
