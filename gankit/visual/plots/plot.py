"""A figure that shows itself, and is written whole or not at all."""

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
DPI, SHARP = 96, 2
"""Pixels of an inch as it is shown, and how many are drawn for each of them."""
COLOURS = 128
FIXED: Any = {"svg.hashsalt": "gankit", "svg.fonttype": "none"}
"""So that the same curves are the same bytes, and their words can be searched for."""


@dataclass(frozen=True, eq=False)
class Plot:
    """A figure of matplotlib that shows itself in a notebook.

    Attributes
    ----------
    figure
        To change or to add to, as matplotlib has it.
    """

    figure: Figure = field(repr=False)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a .png, .svg or .pdf file on white, whole or not at all; make its folder."""
        path = given(path, "path")
        check_suffix(path)
        atomic_files.make_folder(path.parent)
        atomic_files.write_file(path, self._drawn(path.suffix.lower()[1:], facecolor="white"))

    def png(self) -> bytes:
        """Return it as a PNG file on a transparent ground, sharp on fine screens."""
        return _fewer_colours(self._drawn("png", transparent=True))

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        width, height = (round(inches * DPI) for inches in self.figure.get_size_inches())
        return self.png(), {"width": width, "height": height}

    def _drawn(self, kind: str, **how: Any) -> bytes:  # noqa: ANN401 - matplotlib's own options.
        import matplotlib as mpl

        dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
        content = io.BytesIO()
        with mpl.rc_context(FIXED):
            self.figure.savefig(content, format=kind, dpi=SHARP * DPI, metadata=dates, **how)
        return content.getvalue()


def _fewer_colours(png: bytes) -> bytes:
    """Return a PNG file of a few lines and letters at a third of its size."""
    from PIL import Image

    content = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.quantize(COLOURS, Image.Quantize.FASTOCTREE).save(content, "PNG", optimize=True)
    return content.getvalue()


def check_suffix(path: Path) -> None:
    """Raise ConfigError unless a plot can be written to a file of that name."""
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"cannot write {path}; name a .png, .svg or .pdf file")
