"""Images as files: from a generator's numbers to pixels, grids and PNG.

Pixels are shown as they are, white on black for handwritten digits: nothing is inverted, and no
image is stretched to its own darkest and lightest value, which would hide a generator's failure
to use the whole range.
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

from gankit._utils import atomic_files
from gankit._utils.paths import given
from gankit._utils.plain_numbers import number
from gankit.errors import ConfigError, Diverged, shown

Pixels: TypeAlias = NDArray[np.uint8]
WIDTH = 400
"""The least width of a grid, in pixels, if no scale is given."""
FORMATS = (".png", ".jpg", ".jpeg")
"""The endings of pictures that can be written."""
GAP_LEVEL = 96
"""The grey level between a grid's images, which neither black nor white images run into."""


LETTERS = 16
"""The most letters of a name beside a grid."""

MOST = 64_000_000
"""Pixels of a picture, more than any that is meant to be looked at."""


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels that show themselves in a notebook.

    Attributes
    ----------
    pixels
        `(H, W)` or `(H, W, 3)` uint8.
    """

    pixels: Pixels = field(repr=False)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a PNG or JPEG file, as `write` does."""
        write(path, self.pixels)

    def png(self) -> bytes:
        """Return it as a PNG file."""
        return _png(self.pixels)

    def _repr_png_(self) -> bytes:
        return self.png()


def to_uint8(images: NDArray[Any]) -> Pixels:
    """Return grey levels: -1 becomes 0, 1 becomes 255, rounded to the nearest, clipped outside.

    It undoes `Problem.scale` exactly. What is uint8 already is returned as it is.

    >>> to_uint8(np.array([-1.5, -1.0, 0.0, 0.999, 1.0]))
    array([  0,   0, 128, 255, 255], dtype=uint8)

    Raises
    ------
    Diverged
        A value is no number.
    """
    if images.dtype == np.uint8:
        return images
    if np.isnan(images).any():
        raise Diverged("an image holds nan; the generator's weights are likely not finite")
    levels = np.asarray(images, np.float64) * 127.5 + 127.5
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def grid(images: NDArray[Any], columns: int | None = None, gap: int = 2) -> Pixels:
    """Lay images out in rows, with grey between them.

    Parameters
    ----------
    images
        `(n, height, width, channels)`, real numbers in [-1, 1] or uint8. If there are neither 1
        channel nor 3, the channels are shown in grey, one beside the other.
    columns
        Images per row; by default as many as rows, or one more.
    gap
        Pixels between two images.

    Returns
    -------
    pixels
        `(H, W, 3)` for three channels, else `(H, W)`.

    Raises
    ------
    ConfigError
        There are no images, or their shape is another.
    """
    pixels = to_uint8(_checked(images))
    n, height, width, channels = pixels.shape
    if gap < 0:
        raise ConfigError(f"a grid with gaps of {gap} pixels cannot be laid")
    rows, columns = _layout(n, columns)
    cells = np.full((rows * columns, height + gap, width + gap, channels), GAP_LEVEL, np.uint8)
    cells[:n, :height, :width] = pixels
    table = cells.reshape(rows, columns, *cells.shape[1:]).swapaxes(1, 2)
    whole = table.reshape(rows * (height + gap), columns * (width + gap), channels)
    trimmed = whole[: whole.shape[0] - gap, : whole.shape[1] - gap]
    return trimmed[..., 0] if channels == 1 else trimmed


def with_names(picture: Pixels, names: Sequence[str]) -> Pixels:
    """Return a grid with the name of what each row shows written at its left.

    Parameters
    ----------
    picture
        `(H, W)` or `(H, W, 3)` uint8.
    names
        One for each of its rows, which are equally high; those that are too long are cut.
    """
    from PIL import Image, ImageDraw, ImageFont

    row = picture.shape[0] / len(names)
    font = ImageFont.load_default(max(8, round(row / 3)))
    told = [name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…" for name in names]
    width = math.ceil(max(font.getlength(name) for name in told) + row / 3)
    margin = Image.new("L", (width, picture.shape[0]), 0)
    for at, name in enumerate(told):
        place = (width - row / 6, row * (at + 0.5))
        ImageDraw.Draw(margin).text(place, name, 200, font, anchor="rm")
    drawn = np.asarray(margin)
    if picture.ndim == 3:
        drawn = np.repeat(drawn[..., None], picture.shape[2], axis=2)
    return np.concatenate([drawn, picture], axis=1)


def check_grid(
    n: int, shape: tuple[int, ...], columns: int | None = None, scale: int = 1, gap: int = 2
) -> None:
    """Raise ConfigError where a grid of `n` images of `shape`, enlarged, would be too large."""
    rows, columns = _layout(n, columns)
    if shape[2] not in (1, 3):
        shape = shape[0], shape[1] * shape[2], 1
    height, width = rows * (shape[0] + gap) - gap, columns * (shape[1] + gap) - gap
    if height * width * shape[2] * scale**2 > MOST:
        large = f" {scale} times as large" if scale > 1 else ""
        raise ConfigError(
            f"a picture of {n:,} images{large} would have {width * scale:,} x {height * scale:,} "
            f"pixels, and {MOST:,} are the most; take fewer, or write an .npy file or one for each"
        )


def _layout(n: int, columns: int | None) -> tuple[int, int]:
    """Return the rows and columns of a grid of `n`."""
    columns = math.ceil(math.sqrt(n)) if columns is None else number(columns)
    if not _whole(columns):
        raise ConfigError(f"columns: got {shown(columns)}; expected a whole number, at least 1")
    columns = min(columns, n)
    return math.ceil(n / columns), columns


def _whole(value: object) -> bool:
    """Tell whether a value is a whole number from 1 on."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def enlarged(pixels: Pixels, scale: int | None = None) -> Pixels:
    """Return a picture with `scale` pixels across and down for each one; none is made up.

    Without a scale, the picture becomes at least 400 pixels wide, if it does not get too large.

    >>> enlarged(np.array([[1, 2]], np.uint8), 2).tolist()
    [[1, 1, 2, 2], [1, 1, 2, 2]]
    """
    if scale is None:
        most = math.isqrt(MOST // pixels.size) or 1
        scale = min(math.ceil(WIDTH / pixels.shape[1]), most)
    scale = number(scale)
    if not _whole(scale):
        raise ConfigError(f"scale: got {shown(scale)}; expected a whole number, at least 1")
    if pixels.size * scale**2 > MOST:
        raise ConfigError(
            f"a picture of {pixels.shape[1]} x {pixels.shape[0]} pixels cannot be {scale} times as "
            f"large; it has at most {MOST:,} pixels"
        )
    return pixels.repeat(scale, axis=0).repeat(scale, axis=1)


def write(path: str | os.PathLike[str], image: NDArray[Any]) -> None:
    """Write one image as its name says: .png, or .jpg or .jpeg; whole or not at all.

    A JPEG file has quality 95 and no metadata. Its pixels are near those of the image, not equal.

    Parameters
    ----------
    path, image
        As in `write_png`.

    Raises
    ------
    ConfigError
        The name has another ending.
    StorageError
        It could not be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise ConfigError(f"cannot write {path}; name a {' or '.join(FORMATS)} file")
    if suffix == ".png":
        write_png(path, image)
        return
    pixels = to_uint8(image)
    _write(Path(path), _encoded(_plane(pixels), "JPEG", quality=95, subsampling=0))


def write_png(path: str | os.PathLike[str], image: NDArray[Any]) -> None:
    """Write one image as a PNG file, whole or not at all, and make its folder.

    Parameters
    ----------
    path
        The file; what is there is replaced.
    image
        `(H, W)`, `(H, W, 1)` or `(H, W, 3)`, real numbers in [-1, 1] or uint8.

    Raises
    ------
    StorageError
        It could not be written.
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
        Made if it is missing; files of those names are replaced.
    images
        `(n, height, width, channels)`, as in `grid`.
    start, count
        The first one's number, and how many there will be, where these are some of more.
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
    """Return images of 1 or 3 channels; those of others as one grey image of all of them."""
    if images.ndim != 4 or 0 in images.shape:
        raise ConfigError(f"images have shape {images.shape}; give (n, height, width, channels)")
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
