"""Find files in a run's folder that prevent writing, before training starts.

Only types and names are checked: links are not followed, and pipes are not opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from gankit.data.formats.folder_listing import IgnoredFiles, listing
from gankit.errors import DataError

_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
    stat.S_IFREG: "a file",
}


def at_file(path: Path, *, may_exist: bool) -> str:
    """Return a text about what prevents writing a run's file; empty if nothing does.

    Parameters
    ----------
    path
        Path of the file.
    may_exist
        Whether a regular file may exist there.
    """
    mode = _mode(path)
    if mode is None:
        return ""
    if not stat.S_ISREG(mode):
        return f"{path} is {_kind(mode)}, not a file"
    return "" if may_exist else f"{path} is a file of another run"


def at_folder(path: Path, *, may_exist: bool) -> str:
    """Return a text about what prevents writing in a run's folder; empty if nothing does.

    Parameters
    ----------
    path
        Path of the folder.
    may_exist
        Whether a folder with files, or a link to a folder, may exist there. An empty folder may
        always exist.
    """
    mode = _mode(path)
    if mode is None or (may_exist and path.is_dir()):
        return ""
    if not stat.S_ISDIR(mode):
        return f"{path} is {_kind(mode)}, not a folder"
    return f"{path} contains files of another run" if _filled(path) else ""


def pictures_in(path: Path) -> str:
    """Return a text about pictures in a folder or in the folders in it; empty if there are none.

    Such a folder is a data set, and the grids of a run would be among its images.
    """
    pictures, folders = _listed(path)
    deeper = (f"{name}/{one}" for name in folders for one in _listed(path / name)[0])
    first = next(iter(pictures), None) or next(deeper, None)
    return f"{path} has pictures, such as {first}" if first else ""


def _listed(path: Path) -> tuple[Sequence[str], Sequence[str]]:
    """Return the names of the pictures and of the folders in a folder; none if it is unreadable."""
    try:
        found = listing(path, IgnoredFiles())
    except DataError:
        return (), ()
    return found.pictures, found.folders


def _mode(path: Path) -> int | None:
    try:
        return path.lstat().st_mode
    except OSError:  # The write will fail with a message.
        return None


def _kind(mode: int) -> str:
    return _KINDS.get(stat.S_IFMT(mode), "a device")


def _filled(path: Path) -> bool:
    """Return whether a folder contains anything that is not hidden."""
    try:
        with os.scandir(path) as entries:
            return any(not entry.name.startswith(".") for entry in entries)
    except OSError:
        return False
