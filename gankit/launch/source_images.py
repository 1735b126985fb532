"""The sources of a run: computed from its images, or a data set of their own."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from gankit import plugins
from gankit._text import counted
from gankit._utils.paths import given, is_folder
from gankit.config import TrainConfig
from gankit.data import ImageSet, is_path, own
from gankit.data.derived_sources import DERIVED, derived
from gankit.data.formats.image_folder import image_folder
from gankit.data.image_options import CHANNELS
from gankit.data.memory_data import MEMORY
from gankit.data.resized import resized, with_channels
from gankit.data.user_data import own_options
from gankit.errors import ConfigError, DataError
from gankit.evaluation.image_arrays import levels
from gankit.launch.messages import Tell
from gankit.layers import Shape


def with_sources(
    data: ImageSet, config: TrainConfig, data_dir: Path | None, tell: Tell
) -> ImageSet:
    """Return the images with the sources that a configuration names; unchanged without any.

    Parameters
    ----------
    data
        The images, of their final size.
    config
        The run's configuration.
    data_dir
        Folder of data sets that the user gave.
    tell
        Called with a line for sources of their own.

    Raises
    ------
    UnknownName, DataError, ConfigError
        The sources cannot be loaded, have another shape, or are not one for each image.
    """
    if config.source is None or data.sources is not None:
        return data
    name, shape = str(config.source_images), tuple(config.source_shape or ())
    if name in DERIVED:
        images = data.images if data.images.dtype == "uint8" else levels(data.images)
        found = dataclasses.replace(data, sources=derived(images, name), derived=name)
    elif name == MEMORY:
        raise DataError(
            "source_images: 'memory' stands for sources given from Python; give them again, to "
            "gankit.fit, or save them in a .npy file"
        )
    else:
        other = _loaded(name, shape, data_dir)
        tell(f"sources: {other.source}")
        if config.source == "paired":
            _check_pairs(config.dataset, name, data, other)
        found = dataclasses.replace(data, sources=other.images)
    _check_shape(found, shape, name)
    return dataclasses.replace(found, paired=config.source == "paired")


def with_absolute_sources(config: TrainConfig) -> TrainConfig:
    """Return a configuration with the absolute path of its sources, if they are at a path."""
    name = config.source_images
    if config.source is None or name is None or name in DERIVED or not is_path(name):
        return config
    return dataclasses.replace(config, source_images=str(given(name, "source_images").resolve()))


def _loaded(name: str, shape: Shape, data_dir: Path | None) -> ImageSet:
    """Load sources by name or path, of this shape."""
    if is_path(name):
        path = given(name, "source_images")
        return own(path, own_options(path, None, shape))
    height, width, channels = shape
    kind = CHANNELS.get(channels)
    found = resized(plugins.get_dataset(name).load(data_dir), (height, width))
    return with_channels(found, kind) if kind else found


def _check_pairs(dataset: str, name: str, data: ImageSet, other: ImageSet) -> None:
    """Raise DataError unless there is a source for each image, of the same name if in folders."""
    if len(data) != len(other):
        raise DataError(
            f"source_images: got {counted(len(other), 'source')} of {name} for "
            f"{counted(len(data), 'image')}; paired sources are one for each image"
        )
    folders = [Path(each).expanduser() for each in (dataset, name)]
    if not all(is_path(each) and is_folder(Path(each).expanduser()) for each in (dataset, name)):
        return
    for image, source in zip(*map(_stems, folders), strict=True):
        if image != source:
            raise DataError(
                f"source_images: got {source!r} in {name} for {image!r} in {dataset}; expected the "
                "same file names in both folders"
            )


def _stems(folder: Path) -> Sequence[str]:
    """Return the names of a folder's pictures without their endings."""
    return [str(Path(file).with_suffix("")) for file in image_folder(folder).files]


def _check_shape(data: ImageSet, shape: Shape, name: str) -> None:
    found = data.sources.shape[1:] if data.sources is not None else ()
    if tuple(found) != shape:
        raise ConfigError(
            f"source_shape: got {list(shape)}; expected {list(found)}, the shape of the sources of "
            f"{name!r}, and networks for them"
        )
