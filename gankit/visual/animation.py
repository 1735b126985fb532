"""Write pictures as an animation: GIF, WebP, animated PNG or MP4."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gankit._utils import atomic_files
from gankit._utils.paths import given
from gankit._utils.plain_numbers import number
from gankit._utils.storage import read_plain
from gankit.errors import CheckpointError, ConfigError, GankitError
from gankit.runs.grids import by_step, spread
from gankit.visual import video
from gankit.visual.images import Pixels

FORMATS: dict[str, dict[str, Any]] = {
    ".gif": {"format": "GIF", "optimize": False},
    ".webp": {"format": "WEBP", "lossless": True, "quality": 50, "method": 2},
    ".apng": {"format": "PNG"},
    video.SUFFIX: {},
}
"""Pillow options of each format: lossless, except that a GIF has 256 colours (all greys). A video
is encoded without Pillow, and loses a little."""
LAST_SECONDS = 1.5
"""Additional duration of the last picture."""
MOST_FPS = 50.0
"""The most pictures per second; browsers show faster GIFs slowly."""
MOST_PICTURES = 100
"""The most pictures of an animation of training."""
MOST_PIXELS = 200_000_000
"""The most pixels of all pictures; they are in memory until the file is written."""
MOST_PNG_BYTES = 4_000_000
"""The most bytes of a PNG file that is read."""
LETTER_PIXELS = 12
"""Height of the letters of a caption at scale 1."""


def animates(path: str | os.PathLike[str]) -> bool:
    """Return whether a file of that name is an animation."""
    return Path(path).suffix.lower() in FORMATS


def write(path: str | os.PathLike[str], frames: Iterable[Pixels], *, fps: float = 10.0) -> int:
    """Write an animation that loops forever, atomically.

    Parameters
    ----------
    path
        Ends in .gif, .webp, .apng, or .mp4, which needs imageio; an existing file is replaced.
    frames
        `(H, W)` or `(H, W, 3)` uint8, at least one, all of one shape. GIF stores every grey and
        256 colours per picture, MP4 nearly every colour; the others are exact.
    fps
        Pictures per second, at most 50; the last one is shown for 1.5 seconds more.

    Returns
    -------
    int
        The number of pictures. Equal consecutive pictures are stored as one, shown longer.

    Raises
    ------
    ConfigError
        There are no pictures, their shapes differ, their total size is too large, `fps` is
        invalid, or imageio is missing.
    StorageError
        The file could not be written.
    """
    path = given(path, "path")
    if not animates(path):
        raise ConfigError(f"cannot write {path}; name a {', '.join(FORMATS)} file")
    fps = number(fps)
    check_fps(fps)
    check_available(path)
    pictures = list(_alike(frames))
    if not pictures:
        raise ConfigError(f"cannot write {path}: there are no pictures")
    suffix = path.suffix.lower()
    if suffix == video.SUFFIX:
        content = video.encoded(pictures, fps, LAST_SECONDS)
    else:
        content = _encoded(pictures, suffix, fps)
    atomic_files.make_folder(path.parent)
    atomic_files.write_file(path, content)
    return len(pictures)


def check_available(path: Path) -> None:
    """Raise ConfigError if the format of a file needs a package that is not installed."""
    if path.suffix.lower() == video.SUFFIX:
        video.check_available(path)


def _encoded(frames: list[Pixels], suffix: str, fps: float) -> bytes:
    """Return the bytes of a file that Pillow writes."""
    from PIL import Image

    first, *others = map(Image.fromarray, frames)
    milliseconds = round(1000 / fps)
    last = milliseconds + round(LAST_SECONDS * 1000)
    durations = [milliseconds] * len(others) + [last]
    content = io.BytesIO()
    first.save(
        content,
        save_all=True,
        append_images=others,
        duration=durations,
        loop=0,
        **FORMATS[suffix],
    )
    return content.getvalue()


def check_fps(fps: float) -> None:
    """Raise ConfigError unless `fps` is a valid number of pictures per second."""
    if not (math.isfinite(fps) and 0.1 <= fps <= MOST_FPS):
        raise ConfigError(f"--fps: got {fps:g}; expected 0.1 to {MOST_FPS:g} pictures per second")


def of_training(folder: Path, most: int = MOST_PICTURES) -> tuple[list[tuple[int, Pixels]], int]:
    """Return the sample grids of a run by step, and their total number.

    Parameters
    ----------
    folder
        The `samples` folder of the run.
    most
        The most grids to return; if there are more, they are evenly spaced, with the first and
        the last.

    Raises
    ------
    CheckpointError
        The run has no grids, or one is not a complete PNG file.
    """
    paths = by_step(folder)
    if not paths:
        raise CheckpointError(
            f"{folder} has no grids; train longer, or train with --set sample_every=1"
        )
    return [(int(path.stem), _read(path)) for path in spread(paths, most)], len(paths)


def captioned(pixels: Pixels, text: str, scale: int = 1) -> Pixels:
    """Return a picture with a line of text below it, which is as large as the width allows.

    Parameters
    ----------
    pixels
        The picture, `(height, width)` or `(height, width, 3)` uint8.
    text
        The line.
    scale
        How much the picture was enlarged; the text grows with it. 1 by default.
    """
    from PIL import Image, ImageDraw, ImageFont

    width = pixels.shape[1]
    size = max(6, min(LETTER_PIXELS * scale, 2 * width // max(len(text), 1)))
    strip = Image.new("L", (width, size + size // 2 + 1), 0)
    at = (width / 2, strip.height / 2)
    ImageDraw.Draw(strip).text(at, text, 200, ImageFont.load_default(size), anchor="mm")
    line = np.asarray(strip)
    if pixels.ndim == 3:
        line = np.repeat(line[..., None], pixels.shape[2], axis=2)
    return np.concatenate([pixels, line])


def _alike(frames: Iterable[Pixels]) -> Iterator[Pixels]:
    """Yield the pictures; ConfigError if their shapes differ or their total size is too large."""
    first, total = None, 0
    for place, frame in enumerate(frames, start=1):
        first = frame.shape if first is None else first
        if frame.shape != first:
            raise ConfigError(
                f"picture {place} has {_size(frame.shape)} pixels; expected {_size(first)}, as of "
                "the first picture"
            )
        total += frame.size
        if total > MOST_PIXELS:
            raise ConfigError(
                f"the pictures of an animation have more than {MOST_PIXELS:,} pixels in total; "
                "choose fewer or smaller ones"
            )
        yield np.ascontiguousarray(frame)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}" + (" coloured" if len(shape) == 3 else "")


def _read(path: Path) -> Pixels:
    from PIL import Image

    content = io.BytesIO(read_plain(path, MOST_PNG_BYTES))
    try:
        with Image.open(content, formats=["PNG"]) as image:
            if math.prod(image.size) > MOST_PIXELS:
                raise CheckpointError(f"{path} has more than {MOST_PIXELS:,} pixels; remove it")
            return np.asarray(image.convert("L" if image.mode == "L" else "RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, GankitError):
            raise
        raise CheckpointError(f"{path} is not a complete PNG file; remove it") from None
