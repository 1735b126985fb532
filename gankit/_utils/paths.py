"""The paths of a user, and checks that they exist.

Up to Python 3.13, `Path.is_file` and similar methods raise OSError for a name that is too long and
for a path without access. The functions here return False for both.
"""

from __future__ import annotations

import os
from pathlib import Path

from gankit.errors import ConfigError, DataError, shown

Given = str | os.PathLike[str]
"""A path as a user gives it, in Python or to the command."""
PRETRAINED = "pretrained:"
"""What begins a text that names a generator that gankit ships; such a text is no path."""


def is_pretrained(path: Given) -> bool:
    """Return whether a text names a generator that gankit ships, rather than a path."""
    return str(path).startswith(PRETRAINED)


def given(path: Given, name: str) -> Path:
    """Return a path that a user gave, with `~` and `~user` replaced by the home folder.

    Parameters
    ----------
    path
        The path.
    name
        Name of the option, argument or variable, for messages.

    Raises
    ------
    ConfigError
        The path is empty, as `--out "$RUN"` is if RUN is not set, or contains a null character.
    DataError
        The home folder is unknown.
    """
    if not isinstance(path, str | os.PathLike):
        raise ConfigError(f"{name}: got {shown(path)}; expected a path")
    text = os.fspath(path)
    if not text:
        raise ConfigError(f"{name}: got an empty text; expected a path")
    if "\0" in text:
        raise ConfigError(f"{name}: got {text!r}; expected a path without null characters")
    expanded = os.path.expanduser(text)  # noqa: PTH111 - Path.expanduser raises RuntimeError.
    if text.startswith("~") and expanded == text:
        raise DataError(f"{name}: no such file or folder {text}; that home folder is unknown")
    found = Path(expanded)  # It turns "./~x" into "~x", which would be expanded later.
    return Path(os.path.abspath(expanded)) if str(found).startswith("~") else found  # noqa: PTH100


def optional(path: Given | None, name: str) -> Path | None:
    """Return None for None, else the same as `given`."""
    return None if path is None else given(path, name)


def exists(path: str | os.PathLike[str]) -> bool:
    """Return whether a path exists, following links."""
    return os.path.exists(path)  # noqa: PTH110


def is_file(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is a regular file or a link to one."""
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is a folder or a link to one."""
    return os.path.isdir(path)  # noqa: PTH112


def no_folder(path: str | os.PathLike[str]) -> str:
    """Return why a path is no folder: "it is a file" or "no such folder"."""
    return "it is a file" if exists(path) else "no such folder"


def require_parent(target: Path) -> None:
    """Raise ConfigError unless the parent folder of `target` exists."""
    if not is_folder(target.parent):
        raise ConfigError(f"cannot write {target}: no folder {target.parent}; create it first")
