"""Where data may already lie on this machine, and where gankit keeps what it downloads."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import platformdirs

from gankit._utils.paths import given


def cache() -> Path:
    """Return gankit's own folder for downloads: `GANKIT_HOME`, or the system's place for caches."""
    home = os.environ.get("GANKIT_HOME")
    if home:
        return given(home, "GANKIT_HOME")
    return platformdirs.user_cache_path("gankit", appauthor=False)


def offline() -> bool:
    """Tell whether `GANKIT_OFFLINE` forbids downloads."""
    return os.environ.get("GANKIT_OFFLINE", "0") not in {"", "0"}


def folders(name: str, data_dir: Path | None, others: Iterable[str]) -> list[Path]:
    """Return the folders to look in for the data set `name`, the most particular first.

    Parameters
    ----------
    name
        The data set's name, which may also be that of a folder inside `data_dir`.
    data_dir
        What the user named, or None for what `GANKIT_DATA` names, if anything.
    others
        Folders of other libraries; a leading `~` is the user's home.
    """
    told = data_dir or os.environ.get("GANKIT_DATA")
    data = given(told, "GANKIT_DATA") if told else None
    named = [data / name, data] if data else []
    return [*named, cache() / name, *map(_expanded, others)]


def _expanded(folder: str) -> Path:
    # Path.expanduser raises where there is no home, as in some containers.
    return Path(os.path.expanduser(folder))  # noqa: PTH111
