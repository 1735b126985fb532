"""The sample grids of a run: list them by step, and choose some evenly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gankit._utils.paths import is_folder


def by_step(folder: Path) -> list[Path]:
    """Return the PNG files that are named by a step, in step order."""
    found = folder.iterdir() if is_folder(folder) else ()
    named = [p for p in found if p.suffix == ".png" and p.stem.isascii() and p.stem.isdigit()]
    # Python refuses to parse a name of a thousand digits.
    return sorted(named, key=lambda path: (len(path.stem.lstrip("0")), path.stem.lstrip("0")))


def spread(paths: Sequence[Path], most: int) -> list[Path]:
    """Return at most `most` of the paths, evenly spaced, with the first and the last.

    >>> [path.name for path in spread([Path(name) for name in "abcdefg"], 3)]
    ['a', 'd', 'g']
    """
    if len(paths) <= most:
        return list(paths)
    if most < 2:
        return [paths[-1]]
    return [paths[i * (len(paths) - 1) // (most - 1)] for i in range(most)]
