"""Write still images: a grid, an array, or a file for each image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gankit._text import counted
from gankit.runs import arrays
from gankit.visual import images

if TYPE_CHECKING:
    from gankit.cli.sampling.options import SampleOptions
    from gankit.contract import Array


def write_still(
    options: SampleOptions,
    chunks: Iterator[Array],
    count: int,
    columns: int | None,
    rows: tuple[str, ...] = (),
) -> Iterator[str]:
    """Write `count` images, which arrive in chunks, to `out` and `each`; yield messages.

    Parameters
    ----------
    columns
        Columns of the grid; None for as square as possible.
    rows
        The name of each row of the grid; empty without names.
    """
    if options.each:
        chunks = _write_each(options.each, chunks, count, options.scale or 1)
    if options.out is None or options.animates:
        for _ in chunks:
            pass
    elif options.suffix in arrays.FORMATS:
        arrays.write(options.out, chunks, count)
    else:
        levels = np.concatenate([images.to_uint8(chunk) for chunk in chunks])
        picture = images.enlarged(images.grid(levels, columns), options.scale)
        images.write(options.out, images.with_names(picture, rows) if rows else picture)
    if options.each:
        yield f"{counted(count, 'image')} in {options.each}"


def _write_each(folder: Path, chunks: Iterator[Array], count: int, scale: int) -> Iterator[Array]:
    """Yield the chunks, after writing each image, enlarged, to its own file."""
    start = 0
    for chunk in chunks:
        large = np.repeat(np.repeat(chunk, scale, axis=1), scale, axis=2)
        images.write_each(folder, large, start, count)
        start += len(chunk)
        yield chunk
