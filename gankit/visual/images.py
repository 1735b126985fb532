"""Convert images to pixels and grids, and write them as PNG and JPEG files.

Pixels are not changed: handwritten digits are white on black. Images are not inverted. Their levels
are not stretched to the complete range, which would hide that a generator does not use all of it.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit._text import counted
from gankit._utils import atomic_files
from gankit._utils.paths import given
from gankit._utils.plain_numbers import number
from gankit.errors import ConfigError, Diverged, shown

Pixels: TypeAlias = NDArray[np.uint8]
LEAST_WIDTH = 400
"""The least width of a grid, in pixels, if no scale is given."""
FORMATS = (".png", ".jpg", ".jpeg")
"""Endings of the files that `write` can write."""
GAP_LEVEL = 96
"""The grey level between a grid's images, distinct from black and from white."""
COMPARED = 10
"""The columns of a grid of sources, generated and true images."""
MOST_LETTERS = 16
"""The most letters of a name beside a grid."""
MOST_PIXELS = 64_000_000
"""The most pixels of a picture."""


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels that are displayed in a notebook.

    Attributes
    ----------
    pixels
        `(H, W)` or `(H, W, 3)` uint8.
    """

    pixels: Pixels = field(repr=False)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the PNG or JPEG file `path` with `write`."""
        write(path, self.pixels)

    def png(self) -> bytes:
        """Return a PNG file's bytes."""
        return _png(self.pixels)

    def _repr_png_(self) -> bytes:
        return self.png()


def to_uint8(images: NDArray[Any]) -> Pixels:
    """Return levels: -1 becomes 0 and 1 becomes 255; rounded to the nearest, and clipped.

    This is the inverse of `Problem.scale`. uint8 is returned unchanged.

    >>> to_uint8(np.array([-1.5, -1.0, 0.0, 0.999, 1.0]))
    array([  0,   0, 128, 255, 255], dtype=uint8)

    Raises
    ------
    Diverged
        A value is NaN.
    """
    if images.dtype == np.uint8:
        return images
    if np.isnan(images).any():
        raise Diverged("an image contains nan; the generator's weights are likely not finite")
    levels = np.asarray(images, np.float64) * 127.5 + 127.5
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def grid(images: NDArray[Any], columns: int | None = None, gap: int = 2) -> Pixels:
    """Return a picture with images in rows, and grey between them.

    Parameters
    ----------
    images
        `(n, height, width, channels)`, real numbers in [-1, 1] or uint8. If there are not 1 or 3
        channels, each channel is shown in grey, side by side.
    columns
        Images per row; by default about the square root of `n`.
    gap
        Pixels between two images.

    Returns
    -------
    pixels
        `(H, W, 3)` for three channels, else `(H, W)`.

    Raises
    ------
    ConfigError
        There are no images, or they have another shape.
    """
    pixels = to_uint8(_checked(images))
    n, height, width, channels = pixels.shape
    if gap < 0:
        raise ConfigError(f"gap: got {gap}; expected at least 0 pixels")
    rows, columns = _layout(n, columns)
    cells = np.full((rows * columns, height + gap, width + gap, channels), GAP_LEVEL, np.uint8)
    cells[:n, :height, :width] = pixels
    table = cells.reshape(rows, columns, *cells.shape[1:]).swapaxes(1, 2)
    padded = table.reshape(rows * (height + gap), columns * (width + gap), channels)
    trimmed = padded[: padded.shape[0] - gap, : padded.shape[1] - gap]
    return trimmed[..., 0] if channels == 1 else trimmed


def compared(source: NDArray[Any], made: NDArray[Any], third: NDArray[Any] | None = None) -> Pixels:
    """Return a grid of ten columns: each source above its generated image, above a third one.

    Parameters
    ----------
    source
        `(n, h, w, c)`; enlarged to the size of `made`, each pixel to the nearest.
    made
        `(n, height, width, channels)`.
    third
        `(n, h, w, c)`, such as the true images; enlarged too. None, the default, for none.
    """
    rows = [to_uint8(_checked(each)) for each in (source, made, third) if each is not None]
    size, channels = rows[1].shape[1:3], max(row.shape[3] for row in rows)
    alike = [
        np.repeat(row, channels, axis=3) if row.shape[3] == 1 else row
        for row in (_nearest(each, size) for each in rows)
    ]
    return grid(np.concatenate(alike, axis=1), COMPARED)


def below(pictures: Sequence[Pixels], gap: int = 2) -> Pixels:
    """Return pictures below each other, with grey between them and beside those less wide."""
    channels = max(3 if picture.ndim == 3 else 1 for picture in pictures)
    width = max(picture.shape[1] for picture in pictures)
    height = sum(picture.shape[0] + gap for picture in pictures) - gap
    found = np.full((height, width, channels), GAP_LEVEL, np.uint8)
    top = 0
    for picture in pictures:
        found[top : top + picture.shape[0], : picture.shape[1]] = np.atleast_3d(picture)
        top += picture.shape[0] + gap
    return found[..., 0] if channels == 1 else found


def _nearest(images: Pixels, size: tuple[int, int]) -> Pixels:
    """Return images of this height and width, each pixel the nearest of those given."""
    down, across = (
        np.arange(side) * small // side for side, small in zip(size, images.shape[1:3], strict=True)
    )
    return images[:, down][:, :, across]


def with_names(picture: Pixels, names: Sequence[str]) -> Pixels:
    """Return a grid with a name written at the left of each row.

    Parameters
    ----------
    picture
        `(H, W)` or `(H, W, 3)` uint8.
    names
        A name for each row; rows have equal heights, and long names are shortened.
    """
    from PIL import Image, ImageDraw, ImageFont

    row = picture.shape[0] / len(names)
    font = ImageFont.load_default(max(8, round(row / 3)))
    short = [
        name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…" for name in names
    ]
    width = math.ceil(max(font.getlength(name) for name in short) + row / 3)
    margin = Image.new("L", (width, picture.shape[0]), 0)
    for at, name in enumerate(short):
        place = (width - row / 6, row * (at + 0.5))
        ImageDraw.Draw(margin).text(place, name, 200, font, anchor="rm")
    drawn = np.asarray(margin)
    if picture.ndim == 3:
        drawn = np.repeat(drawn[..., None], picture.shape[2], axis=2)
    return np.concatenate([drawn, picture], axis=1)


def check_grid(
    n: int, shape: tuple[int, ...], columns: int | None = None, scale: int = 1, gap: int = 2
) -> None:
    """Raise ConfigError if a grid of `n` images of `shape`, enlarged by `scale`, is too large."""
    rows, columns = _layout(n, columns)
    if shape[2] not in (1, 3):
        shape = shape[0], shape[1] * shape[2], 1
    height, width = rows * (shape[0] + gap) - gap, columns * (shape[1] + gap) - gap
    if height * width * shape[2] * scale**2 > MOST_PIXELS:
        scaled = f", enlarged {scale} times," if scale > 1 else ""
        raise ConfigError(
            f"a grid of {counted(n, 'image')}{scaled} has {width * scale:,} x {height * scale:,} "
            f"pixels; expected at most {MOST_PIXELS:,}; write fewer, an .npy file or single files"
        )


def _layout(n: int, columns: int | None) -> tuple[int, int]:
    """Return the rows and columns of a grid of `n`."""
    columns = math.ceil(math.sqrt(n)) if columns is None else number(columns)
    if not _is_count(columns):
        raise ConfigError(f"columns: got {shown(columns)}; expected a whole number, at least 1")
    columns = min(columns, n)
    return math.ceil(n / columns), columns


def _is_count(value: object) -> bool:
    """Return whether a value is a whole number of at least 1."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def enlarged(pixels: Pixels, scale: int | None = None) -> Pixels:
    """Return the picture `pixels` with each pixel repeated `scale` times across and down.

    Without a scale, the picture becomes at least 400 pixels wide, within `MOST_PIXELS`.

    >>> enlarged(np.array([[1, 2]], np.uint8), 2).tolist()
    [[1, 1, 2, 2], [1, 1, 2, 2]]
    """
    if scale is None:
        most = math.isqrt(MOST_PIXELS // pixels.size) or 1
        scale = min(math.ceil(LEAST_WIDTH / pixels.shape[1]), most)
    scale = number(scale)
    if not _is_count(scale):
        raise ConfigError(f"scale: got {shown(scale)}; expected a whole number, at least 1")
    if pixels.size * scale**2 > MOST_PIXELS:
        raise ConfigError(
            f"a picture of {pixels.shape[1]} x {pixels.shape[0]} pixels cannot be enlarged {scale} "
            f"times; expected at most {MOST_PIXELS:,} pixels"
        )
    return pixels.repeat(scale, axis=0).repeat(scale, axis=1)


def write(path: str | os.PathLike[str], image: NDArray[Any]) -> None:
    """Write one image as .png, .jpg or .jpeg, by the suffix; atomically.

    A JPEG file has quality 95 and no metadata; its pixels are approximate.

    Parameters
    ----------
    path, image
        As in `write_png`.

    Raises
    ------
    ConfigError
        The path has another suffix.
    StorageError
        The file could not be written.
    """
    path = given(path, "path")
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise ConfigError(f"cannot write {path}; name a {' or '.join(FORMATS)} file")
    if suffix == ".png":
        write_png(path, image)
        return
    pixels = to_uint8(image)
    _write(path, _encoded(_plane(pixels), "JPEG", quality=95, subsampling=0))


def write_png(path: str | os.PathLike[str], image: NDArray[Any]) -> None:
    """Write one image as a PNG file, atomically, and create its folder.

    Parameters
    ----------
    path
        The file; an existing one is replaced.
    image
        `(H, W)`, `(H, W, 1)` or `(H, W, 3)`, real numbers in [-1, 1] or uint8.

    Raises
    ------
    StorageError
        The file could not be written.
    """
    pixels = to_uint8(image)
    _write(given(path, "path"), _png(_plane(pixels)))


def write_each(
    folder: str | os.PathLike[str], images: NDArray[Any], start: int = 0, count: int | None = None
) -> list[Path]:
    """Write each image as a PNG file, numbered from 000.png on; return the paths.

    Parameters
    ----------
    folder
        Created if missing; files of those names are replaced.
    images
        `(n, height, width, channels)`, as in `grid`.
    start, count
        Number of the first image, and the total number, if `images` is a part of the images.
    """
    digits = max(3, len(str((count or start + len(images)) - 1)))
    numbers = range(start, start + len(images))
    folder = given(folder, "folder")
    paths = [folder / f"{number:0{digits}}.png" for number in numbers]
    for path, image in zip(paths, _checked(images), strict=True):
        write_png(path, image)
    return paths


def _write(path: Path, content: bytes) -> None:
    atomic_files.make_folder(path.parent)
    atomic_files.write_file(path, content)


def _checked(images: NDArray[Any]) -> NDArray[Any]:
    """Return images of 1 or 3 channels; other channels become one grey image, side by side."""
    if images.ndim != 4 or 0 in images.shape:
        raise ConfigError(
            f"images: got shape {images.shape}; expected (n, height, width, channels)"
        )
    if images.shape[-1] in (1, 3):
        return images
    n, height, width, channels = images.shape
    return np.moveaxis(images, 3, 2).reshape(n, height, width * channels, 1)


def _plane(pixels: Pixels) -> Pixels:
    return pixels[..., 0] if pixels.shape[2:] == (1,) else pixels


def _png(pixels: Pixels) -> bytes:
    return _encoded(pixels, "PNG")


def _encoded(pixels: Pixels, form: str, **options: int) -> bytes:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(content, form, **options)
    return content.getvalue()
