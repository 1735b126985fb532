"""The versions, platform and command line of a run, to reproduce it."""

from __future__ import annotations

import os
import platform
import re
import sys
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import gankit

_ALWAYS = ("numpy", "safetensors")  # Also if gankit runs uninstalled, from its sources.
_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def environment() -> dict[str, Any]:
    """Return versions, platform and command line as JSON values, without importing libraries.

    The keys are "gankit", "python", "platform", "cpus", "libraries" (version by name) and
    "command" (a list).
    """
    return {
        "gankit": gankit.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "libraries": libraries(),
        "command": list(sys.argv),
    }


def libraries() -> dict[str, str]:
    """Return the installed version of each library that gankit and its plugins use, by name.

    They are read again if a folder of `sys.path` has changed.
    """
    return dict(_libraries(tuple(map(_changed, sys.path))))


def _changed(path: str) -> tuple[str, int]:
    """Return a path with the time of its last change, or 0 if it does not exist."""
    try:
        return path, Path(path).stat().st_mtime_ns
    except (OSError, ValueError):
        return path, 0


@lru_cache(maxsize=1)
def _libraries(_: tuple[tuple[str, int], ...]) -> dict[str, str]:
    plugins = {}
    for point in metadata.entry_points(group="gankit"):
        if point.dist is not None and point.dist.name:  # METADATA may be empty.
            plugins[point.dist.name] = point.dist
    names = {
        named[0]
        for plugin in plugins.values()
        for requirement in plugin.requires or ()
        if (named := _PROJECT.match(requirement))
    }
    versions = {name: metadata.version(name) for name in _ALWAYS}
    versions |= {name: plugin.version for name, plugin in plugins.items()}
    # tensorflow-cpu provides tensorflow on machines without a GPU.
    for name in (names | {"tensorflow-cpu"}) - versions.keys():
        versions |= _version(name)
    return dict(sorted(versions.items()))


def _version(name: str) -> dict[str, str]:
    try:
        return {name: metadata.version(name)}
    except metadata.PackageNotFoundError:
        return {}
