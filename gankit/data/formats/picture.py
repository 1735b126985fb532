"""Read one picture file as an array of 8 bits per channel, grey or coloured, without alpha."""

from __future__ import annotations

import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gankit.data.formats.archives import check_growth
from gankit.data.image_options import Fit, ImageOptions
from gankit.data.strip_metadata import KINDS, Damaged, StrippedFile, TooLarge, strip_metadata
from gankit.data.strip_metadata.png import GREY, GREY_ALPHA, Png
from gankit.data.strip_metadata.tiff import EXTRA, SEPARATE, WHITE_IS_ZERO, Tiff
from gankit.errors import ConfigError, DataError, reason

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

SUFFIXES = tuple(suffix for suffixes in KINDS.values() for suffix in suffixes)
ENDINGS = ", ".join(SUFFIXES)

UPRIGHT_OPERATIONS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
"""Pillow's names of the operations that make a picture upright, by its EXIF orientation."""
TURNS = {"TRANSPOSE", "ROTATE_270", "TRANSVERSE", "ROTATE_90"}
"""Those that exchange height and width."""
GREY_MODES = ("1", "L", "LA", "La")
"""Pillow's modes of grey pictures of up to 8 bits."""


@dataclass(frozen=True, eq=False)
class Read:
    """A picture after reading.

    Attributes
    ----------
    pixels
        (H, W, C) uint8, with C 1 or 3.
    top
        The highest level, 0 to 65535, if the file has more than 8 bits per channel; else None.
    """

    pixels: NDArray[np.uint8]
    top: int | None = None


def picture(path: Path, options: ImageOptions) -> NDArray[np.uint8]:
    """Return the pixels of a picture, as `read` does."""
    return read(path, options).pixels


def read(path: Path, options: ImageOptions) -> Read:
    """Read a PNG, JPEG, WebP, TIFF, BMP or GIF file; its content, not its name, decides its format.

    The EXIF orientation is applied; other metadata is ignored. If a file has several pictures, the
    first is read. The upper 8 of 16 bits are used. Transparent pixels become black. Pictures with a
    palette, and all GIF and WebP files, have three channels.

    Parameters
    ----------
    path
        A file.
    options
        How to convert it. It is resized with a Lanczos filter.

    Raises
    ------
    DataError
        If it cannot be read, has another format, is damaged, has more pixels than Pillow's limit,
        or is a decompression bomb.
    """
    from PIL import Image

    found = _stripped(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = _opened(found)
            check_growth(path, 4 * image.width * image.height)
            return _read(image, found, options)
    except DataError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        most = Image.MAX_IMAGE_PIXELS
        raise DataError(f"{path}: has more than the {most} pixels that are safe") from error
    except _Unsupported as error:
        raise DataError(f"{path}: {error}") from error
    except Exception as error:
        # A decoder may raise any exception for damaged bytes.
        fault = f"damaged {found.kind} file: {_decoder_reason(error)}"
        raise DataError(f"{path}: cannot be read: {fault}") from error


def opened_pixels(image: Image) -> NDArray[np.uint8]:
    """Return the pixels of a Pillow image in memory, (H, W, C) uint8, converted as by `read`.

    Raises
    ------
    ConfigError
        Its levels are real numbers, or whole numbers of 32 bits.
    """
    if image.mode.startswith("I;16"):
        return (np.asarray(image) >> 8).astype(np.uint8)[..., np.newaxis]
    if image.mode in ("I", "F"):
        raise ConfigError(
            f"images: got a picture of mode {image.mode}; expected 8 or 16 bits, such as L or RGB"
        )
    pixels = np.asarray(_coloured(image, grey=image.mode in GREY_MODES), np.uint8)
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def picture_shape(path: Path) -> tuple[int, int, int]:
    """Return the height, width and channels that `read` gives, from a file's header alone.

    Raises
    ------
    DataError
        As for `read`, if the header shows it.
    """
    found = _stripped(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with _opened(found) as image:
                height, width = image.height, image.width
                channels = 1 if _is_grey(image, found) else 3
    except Exception as error:
        raise DataError(f"{path}: cannot be read: {_decoder_reason(error)}") from error
    turned = UPRIGHT_OPERATIONS.get(found.orientation, "") in TURNS
    return (width, height, channels) if turned else (height, width, channels)


class _Unsupported(Exception):
    """A valid picture that cannot be converted to 8 bits per channel."""


def _stripped(path: Path) -> StrippedFile:
    """Return a file without its metadata; DataError if it is not a picture."""
    try:
        with path.open("rb") as file:
            found = strip_metadata(file)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {reason(error)}") from error
    except TooLarge as error:
        raise DataError(f"{path}: {error}") from error
    except Damaged as error:
        raise DataError(f"{path}: cannot be read: damaged PNG file: {error}") from error
    if found is None:
        *most, last = KINDS
        empty = "" if size else ": it is empty"
        raise DataError(f"{path}: not a {', '.join(most)} or {last} picture{empty}")
    return found


def _opened(found: StrippedFile) -> ImageFile:
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(found.content), formats=(found.kind.upper(),))
    except UnidentifiedImageError:
        if found.tiff is None:
            raise
        image = None
    if image is None or (found.tiff and not _reads_planes(image, found.tiff)):
        raise _Unsupported(
            f"got TIFF of {found.tiff}, which gankit cannot read; save it as a PNG file"
        )
    return image


def _reads_planes(image: ImageFile, tiff: Tiff) -> bool:
    """Return whether Pillow reads the right pixels of a TIFF file if its channels lie in planes."""
    if tiff.planes != SEPARATE or tiff.channels == 1:
        return True
    by_libtiff = bool(image.tile) and image.tile[0].codec_name == "libtiff"
    known_alpha = image.mode == "RGBA" and EXTRA in getattr(image, "tag_v2", ())
    return (by_libtiff or tiff.bits == 8) and (image.mode in ("RGB", "CMYK") or known_alpha)


def _decoder_reason(error: Exception) -> str:
    from PIL import UnidentifiedImageError

    # Its message contains a memory address.
    return "no header" if isinstance(error, UnidentifiedImageError) else reason(error)


def _read(image: ImageFile, found: StrippedFile, options: ImageOptions) -> Read:
    from PIL import Image

    with image:
        plain, top = _plain(image, found)
    if operation := UPRIGHT_OPERATIONS.get(found.orientation):
        plain = plain.transpose(Image.Transpose[operation])
    if options.channels:
        plain = plain.convert("L" if options.channels == 1 else "RGB")
    if options.size:
        plain = fitted(plain, options.size, options.fit)
    pixels = np.asarray(plain, np.uint8)
    return Read(pixels[..., np.newaxis] if pixels.ndim == 2 else pixels, top)


def _plain(image: ImageFile, found: StrippedFile) -> tuple[Image, int | None]:
    """Return an image of mode L or RGB, and the highest level if it had more than 8 bits."""
    from PIL import Image

    packed = _packing(image)
    if image.mode.startswith("I;16") or (image.mode == "I" and found.kind == "PNG"):
        levels = _deep(image, packed, found.tiff)
        _clear(levels, levels, found.png)
        return Image.fromarray((levels >> 8).astype(np.uint8)), int(levels.max())
    if image.mode in ("I", "F"):
        kind = "real numbers" if image.mode == "F" else "whole numbers of 32 bits or with a sign"
        raise _Unsupported(f"got levels of {kind}; expected 8 or 16 bits; save it in that form")
    plain = _coloured(image, grey=_is_grey(image, found))
    if ";16" not in packed:
        if found.png and found.png.clear:
            plain = _without_clear(plain, np.asarray(plain), found.png)
        return plain, None
    top = 256 * int(np.asarray(plain).max()) + 255
    if found.png and found.png.clear:
        plain = _without_clear(plain, _exact(plain, found), found.png)
    return plain, top


def _packing(image: ImageFile) -> str:
    """Return Pillow's name of the number format in the file: "RGB;16B"."""
    if not image.tile:
        return ""
    args: Any = image.tile[0].args
    return str(args if isinstance(args, str) else next(iter(args or ()), ""))


def _deep(image: ImageFile, packed: str, tiff: Tiff | None) -> NDArray[np.uint16]:
    """Return (H, W) grey levels of 16 bits."""
    levels: NDArray[np.uint16] = np.asarray(image).clip(0, 65535).astype(np.uint16)
    if packed == "I;12":
        levels = (levels << 4 | levels >> 8).astype(np.uint16)
    return np.invert(levels) if tiff and tiff.colours == WHITE_IS_ZERO else levels


def _coloured(image: Image, *, grey: bool) -> Image:
    """Return an image of 8 bits in mode L or RGB."""
    from PIL import Image

    mode = "L" if grey else "RGB"
    if image.mode == "La":  # Pillow converts this mode only to LA.
        image = image.convert("LA")
    if image.has_transparency_data:
        ground = Image.new("RGBA", image.size, (0, 0, 0, 255))
        return Image.alpha_composite(ground, image.convert("RGBA")).convert(mode)
    return image.convert(mode)


def _is_grey(image: Image, found: StrippedFile) -> bool:
    """Return whether a picture becomes grey; all GIF files become colour."""
    if found.png and found.png.colour == GREY_ALPHA:  # Pillow has no grey with alpha of 16 bits.
        return True
    deep = image.mode.startswith("I;16") or image.mode in ("I", "F")
    return deep or (image.mode in GREY_MODES and found.kind != "GIF")


def _without_clear(plain: Image, exact: NDArray[Any], png: Png) -> Image:
    """Return an image with its transparent colour set to black."""
    from PIL import Image

    pixels = np.array(plain)
    _clear(pixels, exact, png)
    return Image.fromarray(pixels)


def _clear(pixels: NDArray[Any], exact: NDArray[Any], png: Png | None) -> None:
    """Set to 0 the pixels whose `exact` value is the transparent one."""
    if png is None or not png.clear:
        return
    # Grey of fewer bits than 8 is stretched to 0 to 255 when it is read.
    stretch = 255 // (2**png.depth - 1) if png.depth < 8 else 1
    same = exact == np.array(png.clear) * stretch
    pixels[same if png.colour == GREY else same.all(axis=-1)] = 0


def _exact(plain: Image, found: StrippedFile) -> NDArray[np.int32]:
    """Return (H, W, 3) colours of 16 bits, of which Pillow returns the upper 8."""
    upper = np.asarray(plain).astype(np.int32)
    with _opened(found) as again:
        # Reading the values byte-swapped returns the lower 8 bits.
        again.tile = [tile._replace(args="RGB;16L") for tile in again.tile]
        lower: NDArray[np.int32] = np.asarray(again).astype(np.int32)
    exact: NDArray[np.int32] = upper << 8 | lower
    return exact


def fitted(image: Image, size: tuple[int, int], fit: Fit) -> Image:
    """Return a picture resized to a height and width, as in `ImageOptions`."""
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
