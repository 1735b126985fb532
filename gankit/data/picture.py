"""One picture file as an array: whatever it is on the disk, 8 bits, grey or coloured, no alpha."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gankit.data.containers import check_growth, reason
from gankit.data.image_options import Fit, ImageOptions
from gankit.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "WEBP")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")

LARGEST = 2**27
"""The most bytes of a file; a decoder may read all of it to find out how large the picture is."""


def picture(path: Path, options: ImageOptions) -> NDArray[np.uint8]:
    """Return the picture in a PNG, JPEG or WebP file; its contents decide which, not its name.

    It is turned as its EXIF orientation says. Of an animation it is the first frame. Of 16 bits
    the upper 8 are kept. What is transparent is laid on black. A palette counts as colours.

    Parameters
    ----------
    path
        A file.
    options
        What to make of it. It is resized with a Lanczos filter.

    Returns
    -------
    NDArray[np.uint8]
        (H, W, C), 0 to 255, C being 1 or 3.

    Raises
    ------
    DataError
        If it cannot be read, has more pixels than Pillow thinks safe, or is a bomb.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if (size := os.fstat(file.fileno()).st_size) > LARGEST:
                raise DataError(f"{path}: has {size} bytes; a picture has at most {LARGEST}")
            image = Image.open(file, formats=FORMATS)
            check_growth(path, 4 * image.width * image.height)
            return _read(image, options)
    except DataError:
        raise
    except UnidentifiedImageError as error:
        raise DataError(f"{path}: not a PNG, JPEG or WebP picture") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        most = Image.MAX_IMAGE_PIXELS
        raise DataError(f"{path}: has more than the {most} pixels that are safe") from error
    except Exception as error:
        # A decoder raises whatever it happens to meet in damaged bytes.
        raise DataError(f"{path}: cannot be read: {reason(error)}") from error


def _read(image: Image, options: ImageOptions) -> NDArray[np.uint8]:
    from PIL import ImageOps

    with image:
        ImageOps.exif_transpose(image, in_place=True)
        plain = _plain(image)
    if options.channels:
        plain = plain.convert("L" if options.channels == 1 else "RGB")
    if options.size:
        plain = _fitted(plain, options.size, options.fit)
    pixels = np.asarray(plain, np.uint8)
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def _plain(image: Image) -> Image:
    """Return an image of mode L or RGB."""
    from PIL import Image

    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image).clip(0, 65535) >> 8).astype(np.uint8))
    mode = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    if image.has_transparency_data:
        ground = Image.new("RGBA", image.size, (0, 0, 0, 255))
        return Image.alpha_composite(ground, image.convert("RGBA")).convert(mode)
    return image.convert(mode)


def _fitted(image: Image, size: tuple[int, int], fit: Fit) -> Image:
    from PIL import Image, ImageOps

    height, width = size
    if fit == "crop":
        return ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)
    if fit == "stretch":
        return image.resize((width, height), Image.Resampling.LANCZOS)
    scale = min(width / image.width, height / image.height)
    inner = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    ground = Image.new(image.mode, (width, height))
    corner = (width - inner[0]) // 2, (height - inner[1]) // 2
    ground.paste(image.resize(inner, Image.Resampling.LANCZOS), corner)
    return ground
