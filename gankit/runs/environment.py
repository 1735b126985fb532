"""The versions, platform and command line of a run, to reproduce it."""

from __future__ import annotations

import os
import platform
import re
import sys
from importlib import metadata
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
    """Return the installed version of each library that gankit and its plugins use, by name."""
    versions = {name: metadata.version(name) for name in _ALWAYS}
    for plugin in metadata.entry_points(group="gankit"):
        if plugin.dist is None:
            continue
        versions[plugin.dist.name] = plugin.dist.version
        for requirement in plugin.dist.requires or ():
            if named := _PROJECT.match(requirement):
                versions.update(_version(named[0]))
    versions |= _version("tensorflow-cpu")  # It provides tensorflow on machines without a GPU.
    return dict(sorted(versions.items()))


def _version(name: str) -> dict[str, str]:
    try:
        return {name: metadata.version(name)}
    except metadata.PackageNotFoundError:
        return {}
