"""A matplotlib figure that is displayed in notebooks and saved atomically."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gankit._utils import atomic_files
from gankit._utils.paths import given
from gankit.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")
DPI, SHARPNESS = 96, 2
"""Pixels per inch as shown, and the factor of the drawn pixels per inch."""
COLOURS = 128
SVG_OPTIONS: Any = {"svg.hashsalt": "gankit", "svg.fonttype": "none"}
"""Options with which equal curves give equal bytes, and text can be searched."""


@dataclass(frozen=True, eq=False)
class Plot:
    """A matplotlib figure that is displayed in a notebook.

    Attributes
    ----------
    figure
        The matplotlib figure, which you can change.
    """

    figure: Figure = field(repr=False)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a .png, .svg or .pdf file on white atomically, and create its folder."""
        path = given(path, "path")
        check_suffix(path)
        atomic_files.make_folder(path.parent)
        atomic_files.write_file(path, self._drawn(path.suffix.lower()[1:], facecolor="white"))

    def png(self) -> bytes:
        """Return a PNG file with a transparent background, sharp on high-resolution screens."""
        return _fewer_colours(self._drawn("png", transparent=True))

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        width, height = (round(inches * DPI) for inches in self.figure.get_size_inches())
        return self.png(), {"width": width, "height": height}

    def _drawn(self, kind: str, **options: Any) -> bytes:  # noqa: ANN401 - matplotlib's options.
        import matplotlib as mpl

        dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
        content = io.BytesIO()
        dpi = SHARPNESS * DPI
        with mpl.rc_context(SVG_OPTIONS):
            self.figure.savefig(content, format=kind, dpi=dpi, metadata=dates, **options)
        return content.getvalue()


def _fewer_colours(png: bytes) -> bytes:
    """Return a PNG file with fewer colours, at a third of the size."""
    from PIL import Image

    content = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.quantize(COLOURS, Image.Quantize.FASTOCTREE).save(content, "PNG", optimize=True)
    return content.getvalue()


def check_suffix(path: Path) -> None:
    """Raise ConfigError unless the suffix is one that plots can be written to."""
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"cannot write {path}; name a .png, .svg or .pdf file")
