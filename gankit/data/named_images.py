"""Images at a path, each with its name."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gankit._utils.paths import given, is_file, is_folder
from gankit.data.formats.image_folder import Reading, image_folder, pictures
from gankit.data.image_options import ImageOptions
from gankit.data.user_data import own
from gankit.errors import DataError


class NamedImages(NamedTuple):
    """Images, and a name for each.

    Attributes
    ----------
    images
        `(n, height, width, channels)`.
    names
        File names relative to the folder, or numbers from 0.
    """

    images: NDArray[np.uint8]
    names: tuple[str, ...]


def named_images(path: Path, options: ImageOptions) -> NamedImages:
    """Return the images at a path, as `own` reads them, with the names of a folder's files.

    Parameters
    ----------
    path, options
        As in `own`.

    Raises
    ------
    DataError
        As in `own`.
    """
    path = given(path, "the images")
    if not is_folder(path) and not is_file(path):
        raise DataError(f"no file or folder {path}; give a folder of pictures, a .npy or .npz file")
    if not is_folder(path):
        found = own(path, options).images
        return NamedImages(found, tuple(map(str, range(len(found)))))
    folder, reading = image_folder(path), Reading()
    found = np.stack([*pictures(folder, options, reading)])
    return NamedImages(found, tuple(folder.files[number] for number in reading.readable))
