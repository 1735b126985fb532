"""Write pictures as a video, MP4 with H.264, by imageio and its ffmpeg."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from gankit.errors import ConfigError
from gankit.visual.images import Pixels

SUFFIX = ".mp4"
QUALITY = 9
"""Of 10, at which differences are hardly visible; the bits that this takes are imageio's choice."""


def check_available(path: Path) -> None:
    """Raise ConfigError unless imageio and its ffmpeg are installed.

    Parameters
    ----------
    path
        The file to be written, for the message.
    """
    missing = [name for name in ("imageio", "imageio_ffmpeg") if not find_spec(name)]
    if missing:
        raise ConfigError(
            f"cannot write {path}: it needs imageio; pip install 'gankit[video]', or name a "
            ".webp, .apng or .gif file"
        )


def encoded(frames: Sequence[Pixels], fps: float, still: float) -> bytes:
    """Return a video as the bytes of an MP4 file.

    Parameters
    ----------
    frames
        `(H, W)` or `(H, W, 3)` uint8, at least one, all of one shape. An odd height or width gets
        one more row or column, a copy of the last, since most players want even ones.
    fps
        Frames per second.
    still
        Additional seconds of the last frame.
    """
    from imageio.v3 import imwrite

    shown = [*frames, *[frames[-1]] * round(still * fps)]
    video: bytes = imwrite(
        "<bytes>",
        [_even(frame) for frame in shown],
        extension=SUFFIX,
        plugin="FFMPEG",
        fps=fps,
        codec="libx264",
        pixelformat="yuv420p",
        macro_block_size=1,
        quality=QUALITY,
    )
    return video


def _even(frame: Pixels) -> Pixels:
    """Return a colour frame of even sides."""
    colour = np.repeat(frame[..., None], 3, axis=2) if frame.ndim == 2 else frame
    height, width, _ = colour.shape
    return np.pad(colour, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
