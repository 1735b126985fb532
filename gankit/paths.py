"""Whether something is there, where pathlib's own questions raise instead of saying no.

Up to Python 3.13, `Path.is_file` and its like raise OSError for a name that is too long and for a
way that may not be entered; either means that nothing is there for us.
"""

from __future__ import annotations

import os
from pathlib import Path

from gankit.errors import ConfigError


def exists(path: str | os.PathLike[str]) -> bool:
    """Return whether anything is there, a link's target counting."""
    return os.path.exists(path)  # noqa: PTH110


def is_file(path: str | os.PathLike[str]) -> bool:
    """Return whether a regular file is there, or a link to one."""
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Return whether a folder is there, or a link to one."""
    return os.path.isdir(path)  # noqa: PTH112


def require_parent(target: Path) -> None:
    """Raise ConfigError unless the folder is there that a file is to be written into."""
    if not is_folder(target.parent):
        raise ConfigError(f"cannot write {target}: no folder {target.parent}; make it first")
