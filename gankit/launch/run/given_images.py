"""Images that are given to a run's networks: pictures of a path, or arrays."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from gankit._utils import paths
from gankit.data import ImageOptions
from gankit.data.formats.arrays import has_array
from gankit.data.memory_data import memory_data
from gankit.data.named_images import NamedImages, named_images
from gankit.data.user_data import own_options
from gankit.errors import ConfigError, DataError, GankitError
from gankit.launch.evaluation.trained_run import Trained
from gankit.layers import Shape


def given_as_trained(run: Trained, images: object, *, skip_bad: bool = False) -> NamedImages:
    """Return images of the run's shape, as `given_images` does, converted as those of its training.

    A file that has no array of the name that the run recorded is read as without a name.
    """
    options = (run.config.images if run.config else None) or ImageOptions()
    options, key = (
        dataclasses.replace(options, images_key=None, labels_key=None),
        options.images_key,
    )
    if key and isinstance(images, str | os.PathLike) and has_array(Path(images), key):
        options = dataclasses.replace(options, images_key=key)
    return given_images(images, run.problem.image_shape, options, skip_bad=skip_bad)


def given_images(
    images: object, shape: Shape, options: ImageOptions | None = None, *, skip_bad: bool = False
) -> NamedImages:
    """Return images of a shape, with their names: uint8, or real numbers in [-1, 1].

    Parameters
    ----------
    images
        What `gankit.fit` takes, or the path of a folder of pictures, which are resized, or of a
        .npy or .npz file.
    shape
        `(height, width, channels)` that the network takes.
    options
        How pictures are converted; their size and channels are those of `shape`. None for the
        default.
    skip_bad
        Whether to skip pictures of a folder that cannot be read.

    Raises
    ------
    ConfigError, DataError
        The images cannot be read, or have another shape.
    """
    if isinstance(images, str | os.PathLike):
        path = paths.given(images, "images")
        plain = dataclasses.replace(
            options or ImageOptions(), size=None, channels=None, skip_bad=skip_bad
        )
        found = named_images(path, own_options(path, plain, shape))
        _check_shape(found.images.shape, shape, str(path), DataError)
    else:
        data = memory_data(images, None, reals=True).images
        found = NamedImages(data, tuple(map(str, range(len(data)))))
        _check_shape(data.shape, shape, "images", ConfigError)
    return found


def _check_shape(found: tuple[int, ...], shape: Shape, name: str, error: type[GankitError]) -> None:
    """Raise an error unless there are images, and they have this shape."""
    if not found[0]:
        raise error(f"{name}: got no images; expected at least 1")
    if found[1:] != tuple(shape):
        given, taken = ("x".join(map(str, each)) for each in (found[1:], shape))
        raise error(
            f"{name}: got images of {given}; expected {taken}, which the run takes; give a folder "
            "of pictures, which are resized, or resize the array"
        )
