"""What is known of a run's images before they are read: their shape and their classes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from gankit import plugins
from gankit._utils.paths import given, is_folder
from gankit.config import AUTO
from gankit.data import ImageOptions, ImageSet, is_path, own
from gankit.data.formats.image_folder import image_folder, typical_shape
from gankit.data.labels import without_gaps
from gankit.errors import ConfigError, DataError, UnknownName
from gankit.layers import Shape
from gankit.recipes.families.settings import DEFAULT_CLASSES, DEFAULT_SHAPE

Loaded: TypeAlias = dict[str, ImageSet]
"""Named data sets that were loaded to find their shape, by name; the run takes them."""


@dataclass(frozen=True)
class ExpectedImages:
    """The shape of images, as far as data and settings decide it.

    Attributes
    ----------
    shape
        `(height, width, channels)`; of pictures without `size`, the median of height and width.
    resizable
        Whether the images may become any size: pictures without `size`.
    """

    shape: Shape
    resizable: bool = False


def expected_images(
    settings: Mapping[str, Any], data_dir: Path | None, loaded: Loaded
) -> ExpectedImages | None:
    """Return the shape that the images of a run will have, or None if it cannot be found.

    Of a folder some pictures are read, of a file only the header if it is an .npy file; a named
    data set is loaded if its plugin does not state the shape. Errors are left to those who read
    the images.

    Parameters
    ----------
    settings
        The run's settings, nested as in TOML.
    data_dir
        Folder of data sets that the user gave.
    loaded
        Gains the named data set if it has to be loaded.
    """
    options, name = _options(settings), _dataset(settings)
    if options is None or name is None:
        return None
    if options.size and options.channels:
        return ExpectedImages((*options.size, options.channels))
    shape: Shape = DEFAULT_SHAPE
    if name != AUTO:
        try:
            shape = _shape(name, options, data_dir, loaded)
        except (DataError, UnknownName, ConfigError):
            return None
    height, width, channels = shape
    size = options.size or (height, width)
    resizable = not options.size and is_path(name) and is_folder(given(name, "dataset"))
    return ExpectedImages((*size, options.channels or channels), resizable)


def expected_classes(settings: Mapping[str, Any], data_dir: Path | None, loaded: Loaded) -> int:
    """Return the number of classes of a run: the setting, else of the data, else 10.

    Parameters are those of `expected_images`.
    """
    stated = settings.get("classes")
    if isinstance(stated, int):
        return stated
    options, name = _options(settings), _dataset(settings)
    found = None
    if options and name and name != AUTO:
        with suppress(DataError, UnknownName, ConfigError):
            found = _classes(name, options, data_dir, loaded)
    return found or DEFAULT_CLASSES


def _shape(name: str, options: ImageOptions, data_dir: Path | None, loaded: Loaded) -> Shape:
    """Return the shape of a data set's images; DataError or UnknownName if it cannot be found."""
    if is_path(name) and is_folder(path := given(name, "dataset")):
        return typical_shape(path)
    if name in loaded:
        return tuple(loaded[name].images.shape[1:])
    if not is_path(name) and (stated := plugins.get_dataset(name).shape):
        return stated
    return tuple(_load(name, options, data_dir, loaded).images.shape[1:])


def _classes(name: str, options: ImageOptions, data_dir: Path | None, loaded: Loaded) -> int:
    """Return the number of classes with images; 0 without classes."""
    if is_path(name) and is_folder(path := given(name, "dataset")):
        return len(image_folder(path).class_names)
    data = _load(name, options, data_dir, loaded)
    if data.labels is None or data.conditions:
        return 0
    labels, names = without_gaps(data.labels, data.class_names)
    return len(names) or int(labels.max(initial=-1)) + 1


def _load(name: str, options: ImageOptions, data_dir: Path | None, loaded: Loaded) -> ImageSet:
    """Load a data set: a file without warnings, because the run opens it again."""
    if is_path(name):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return own(given(name, "dataset"), options)
    if name in loaded:
        return loaded[name]
    dataset = plugins.get_dataset(name)
    if dataset.name not in loaded:
        loaded[dataset.name] = dataset.load(data_dir)
    return loaded[dataset.name]


def _dataset(settings: Mapping[str, Any]) -> str | None:
    name = settings.get("dataset", AUTO)
    return os.fspath(name) if isinstance(name, str | os.PathLike) else None


def _options(settings: Mapping[str, Any]) -> ImageOptions | None:
    """Return the options of images; None if they are invalid, which the configuration reports."""
    stated = {} if settings.get("images") is None else settings["images"]
    if isinstance(stated, ImageOptions):
        return stated
    if not isinstance(stated, Mapping):
        return None
    values: dict[str, Any] = dict(stated)
    if (size := values.get("size")) is not None:
        if not isinstance(size, list | tuple) or len(size) != 2:
            return None
        values["size"] = tuple(size)
    with suppress(TypeError, ConfigError):
        return ImageOptions(**values)
    return None
