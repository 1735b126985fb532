"""List a folder: pictures, folders, and skipped files with the reason."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from gankit.data.formats.picture import SUFFIXES
from gankit.errors import DataError, reason

MOST_COUNTED = 20_000
"""The most files of deeper folders that are counted."""
MOST_LISTED = 3
"""The most endings or folders in one line."""


@dataclass
class PassedOver:
    """Files that are not read, by reason.

    Attributes
    ----------
    endings
        Number of files of each ending that is not a picture's.
    hidden
        Files and folders whose names begin with a dot.
    dangling
        Links without a target.
    special
        Neither files nor folders, such as pipes.
    deep
        Number of pictures in each folder that is too deep.
    """

    endings: Counter[str] = field(default_factory=Counter)
    hidden: int = 0
    dangling: int = 0
    special: int = 0
    deep: Counter[str] = field(default_factory=Counter)

    def __bool__(self) -> bool:
        return bool(self.total)

    @property
    def total(self) -> int:
        """The number of skipped files."""
        others = self.hidden + self.dangling + self.special
        return self.endings.total() + others + self.deep.total()

    def __str__(self) -> str:
        reasons = (
            (self.endings.total(), f"of other endings ({endings(self.endings)})"),
            (self.hidden, "hidden"),
            (self.dangling, "dangling links" if self.dangling > 1 else "dangling link"),
            (self.special, "not files"),
            (self.deep.total(), f"too deep ({places(self.deep)})"),
        )
        told = ", ".join(f"{count:,} {why}" for count, why in reasons if count)
        return f"passed over {self.total:,}: {told}"


@dataclass(frozen=True)
class Listing:
    """The visible names in one folder.

    Attributes
    ----------
    pictures
        Names of files with a picture's ending, sorted by character codes.
    folders
        Names of folders, sorted likewise.
    """

    pictures: list[str]
    folders: list[str]


def listing(folder: Path, passed: PassedOver) -> Listing:
    """List a folder, adding what is neither a picture nor a folder to `passed`.

    Raises
    ------
    DataError
        If the folder cannot be read.
    """
    found = Listing([], [])
    try:
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            _sort_in(entry, found, passed)
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {reason(error)}") from error
    return found


def _sort_in(entry: os.DirEntry[str], found: Listing, passed: PassedOver) -> None:
    if entry.name.startswith("."):
        passed.hidden += 1
    elif _is(entry.is_dir):
        found.folders.append(entry.name)
    elif not entry.name.lower().endswith(SUFFIXES):
        passed.endings[Path(entry.name).suffix.lower()] += 1
    elif _is(entry.is_file):
        found.pictures.append(entry.name)
    elif entry.is_symlink():
        passed.dangling += 1
    else:
        passed.special += 1


def deeper(folder: Path, below: str) -> Counter[str]:
    """Return the number of pictures in each folder inside `folder`, by relative path.

    Links are not followed, and counting stops after 20,000 files.

    Parameters
    ----------
    below
        Prefix of each path.
    """
    found: Counter[str] = Counter()
    looked = 0
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        looked += len(files)
        if looked > MOST_COUNTED:
            break
        count = sum(_is_picture(name) for name in files)
        if count and Path(place) != folder:
            found[(Path(below) / Path(place).relative_to(folder)).as_posix()] = count
    return found


def places(deep: Counter[str]) -> str:
    """Return the first folders, and "..." if there are more."""
    more = ", ..." if len(deep) > MOST_LISTED else ""
    return ", ".join(list(deep)[:MOST_LISTED]) + more


def _is_picture(name: str) -> bool:
    return not name.startswith(".") and name.lower().endswith(SUFFIXES)


def _is(kind: Callable[[], bool]) -> bool:
    try:
        return kind()
    except OSError:  # Such as a link to itself.
        return False


def endings(counts: Counter[str]) -> str:
    """Return the most frequent endings, each with its count: 20 .bmp, 2 .png."""
    told = [
        f"{count:,} {ending or 'without one'}" for ending, count in counts.most_common(MOST_LISTED)
    ]
    more = ["..."] if len(counts) > MOST_LISTED else []
    return ", ".join([*told, *more])
