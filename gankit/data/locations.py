"""Folders that may contain data on this machine, and the cache for downloads."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import platformdirs

from gankit._utils.paths import given


def cache() -> Path:
    """Return gankit's cache folder: `GANKIT_HOME`, or the system's cache folder."""
    home = os.environ.get("GANKIT_HOME")
    if home:
        return given(home, "GANKIT_HOME")
    return platformdirs.user_cache_path("gankit", appauthor=False)


def offline() -> bool:
    """Return whether `GANKIT_OFFLINE` forbids downloads."""
    return os.environ.get("GANKIT_OFFLINE", "0") not in {"", "0"}


def folders(name: str, data_dir: Path | None, others: Iterable[str]) -> list[Path]:
    """Return the folders to search for the data set `name`, the most specific first.

    Parameters
    ----------
    name
        Name of the data set, and of a folder inside `data_dir`.
    data_dir
        The user's folder; None for `GANKIT_DATA`, if set.
    others
        Folders of other libraries; a leading `~` is the user's home.
    """
    path = data_dir or os.environ.get("GANKIT_DATA")
    folder = given(path, "GANKIT_DATA") if path else None
    own = [folder / name, folder] if folder else []
    return [*own, cache() / name, *map(_expanded, others)]


def _expanded(folder: str) -> Path:
    # Path.expanduser raises without a home folder, as in some containers.
    return Path(os.path.expanduser(folder))  # noqa: PTH111
