"""What lies where a run is to write, and is in its way: looked at before anything is trained.

Only kinds and names are looked at, so no link is followed and no pipe is waited for.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
    stat.S_IFREG: "a file",
}


def at_file(path: Path, *, may_exist: bool) -> str:
    """Return what is in the way of a run's file, in words; or nothing.

    Parameters
    ----------
    path
        Where the file belongs.
    may_exist
        Whether a regular file may be there already.
    """
    mode = _mode(path)
    if mode is None:
        return ""
    if not stat.S_ISREG(mode):
        return f"{path} is {_kind(mode)}, not a file"
    return "" if may_exist else f"{path} is left of another run"


def at_folder(path: Path, *, may_exist: bool) -> str:
    """Return what is in the way of a run's folder, in words; or nothing.

    Parameters
    ----------
    path
        Where the folder belongs.
    may_exist
        Whether a folder with files, or a link to a folder, may be there already. An empty folder
        may always be.
    """
    mode = _mode(path)
    if mode is None or (may_exist and path.is_dir()):
        return ""
    if not stat.S_ISDIR(mode):
        return f"{path} is {_kind(mode)}, not a folder"
    return f"{path} holds what is left of another run" if _filled(path) else ""


def _mode(path: Path) -> int | None:
    try:
        return path.lstat().st_mode
    except OSError:  # What cannot be looked at cannot be written, and the writer says so.
        return None


def _kind(mode: int) -> str:
    return _KINDS.get(stat.S_IFMT(mode), "a device")


def _filled(path: Path) -> bool:
    """Return whether a folder holds anything that is not hidden."""
    try:
        with os.scandir(path) as entries:
            return any(not entry.name.startswith(".") for entry in entries)
    except OSError:
        return False
