"""Paths that a person gives, and whether something is there.

Up to Python 3.13, `Path.is_file` and its like raise OSError for a name that is too long and for a
way that may not be entered; either means that nothing is there for us.
"""

from __future__ import annotations

import os
from pathlib import Path

from gankit.errors import ConfigError, DataError, shown

Given = str | os.PathLike[str]
"""A path as a person gives it, in Python or to the command."""


def given(path: Given, name: str) -> Path:
    """Return a path that a person gave, with `~` and `~user` replaced by the home folder.

    Parameters
    ----------
    path
        What was given.
    name
        What it was given for: an option, an argument, a variable.

    Raises
    ------
    ConfigError
        It is empty, as `--out "$RUN"` is if RUN is not set, or has a null character.
    DataError
        The home folder is not known.
    """
    if not isinstance(path, str | os.PathLike):
        raise ConfigError(f"{name}: got {shown(path)}; expected a path")
    text = os.fspath(path)
    if not text:
        raise ConfigError(f"{name} is empty; give a path")
    if "\0" in text:
        raise ConfigError(f"{name}: got {text!r}; a path has no null character")
    expanded = os.path.expanduser(text)  # noqa: PTH111 - Path.expanduser raises RuntimeError.
    if text.startswith("~") and expanded == text:
        raise DataError(f"{name}: no such file or folder {text}; that home folder is not known")
    found = Path(expanded)  # Of "./~x" it makes "~x", which the next to look would expand.
    return Path(os.path.abspath(expanded)) if str(found).startswith("~") else found  # noqa: PTH100


def optional(path: Given | None, name: str) -> Path | None:
    """Return what `given` does; None where nothing was given."""
    return None if path is None else given(path, name)


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
