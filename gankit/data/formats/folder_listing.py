"""List a folder: pictures, folders, and the number of ignored files by reason."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from gankit.data.formats.picture import SUFFIXES
from gankit.errors import DataError, reason

MOST_COUNTED = 20_000
"""The most files in deeper folders that are counted."""
MOST_LISTED = 3
"""The most file endings or folders in one line."""


@dataclass
class IgnoredFiles:
    """The number of ignored files, by reason.

    Attributes
    ----------
    endings
        Files by ending, if it is not that of a picture.
    hidden
        Files and folders whose names begin with a dot.
    dangling
        Links without a target.
    special
        Neither files nor folders, such as pipes.
    deep
        Pictures by folder, if it is too deep.
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
        """The number of ignored files."""
        others = self.hidden + self.dangling + self.special
        return self.endings.total() + others + self.deep.total()

    def __str__(self) -> str:
        reasons = (
            (self.endings.total(), f"with other endings ({most_common(self.endings)})"),
            (self.hidden, "hidden"),
            (self.dangling, "dangling links" if self.dangling > 1 else "dangling link"),
            (self.special, "not files"),
            (self.deep.total(), f"too deep ({first_folders(self.deep)})"),
        )
        counts = ", ".join(f"{count:,} {reason}" for count, reason in reasons if count)
        return f"ignored {self.total:,}: {counts}"


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


def listing(folder: Path, ignored: IgnoredFiles) -> Listing:
    """Return the pictures and folders in a folder; count all other entries in `ignored`.

    Raises
    ------
    DataError
        If the folder cannot be read.
    """
    found = Listing([], [])
    try:
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            _add(entry, found, ignored)
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {reason(error)}") from error
    return found


def _add(entry: os.DirEntry[str], found: Listing, ignored: IgnoredFiles) -> None:
    if entry.name.startswith("."):
        ignored.hidden += 1
    elif _is(entry.is_dir):
        found.folders.append(entry.name)
    elif not entry.name.lower().endswith(SUFFIXES):
        ignored.endings[Path(entry.name).suffix.lower()] += 1
    elif _is(entry.is_file):
        found.pictures.append(entry.name)
    elif entry.is_symlink():
        ignored.dangling += 1
    else:
        ignored.special += 1


def pictures_below(folder: Path, prefix: str) -> Counter[str]:
    """Return the number of pictures in each folder inside `folder`, by relative path.

    Links are not followed, and counting stops after 20,000 files.

    Parameters
    ----------
    folder
        The folder; pictures directly in it are not counted.
    prefix
        Prefix of each path.
    """
    found: Counter[str] = Counter()
    total = 0
    for inner, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        total += len(files)
        if total > MOST_COUNTED:
            break
        count = sum(_is_picture(name) for name in files)
        if count and Path(inner) != folder:
            found[(Path(prefix) / Path(inner).relative_to(folder)).as_posix()] = count
    return found


def first_folders(counts: Counter[str]) -> str:
    """Return the first folders, and "..." if there are more."""
    more = ", ..." if len(counts) > MOST_LISTED else ""
    return ", ".join(list(counts)[:MOST_LISTED]) + more


def _is_picture(name: str) -> bool:
    return not name.startswith(".") and name.lower().endswith(SUFFIXES)


def _is(kind: Callable[[], bool]) -> bool:
    try:
        return kind()
    except OSError:  # For example, a link to itself.
        return False


def most_common(endings: Counter[str]) -> str:
    """Return the most common file endings with their counts, such as "20 .bmp, 2 .png"."""
    texts = [
        f"{count:,} {ending or 'without one'}" for ending, count in endings.most_common(MOST_LISTED)
    ]
    more = ["..."] if len(endings) > MOST_LISTED else []
    return ", ".join([*texts, *more])
