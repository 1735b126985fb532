"""Find out which modules are installed, without importing them."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path


def missing(modules: Iterable[str]) -> list[str]:
    """Return the modules that are not installed, without importing any."""
    return [name for name in modules if not _findable(name)]


def _findable(module: str) -> bool:
    """Return whether a module is installed; for "a.b", "a" is imported.

    A folder of this name in the working folder does not count: it may be the author's repository.
    """
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return False
    if spec is None or spec.origin is not None or not spec.submodule_search_locations:
        return spec is not None
    return any(Path(place).parent != Path.cwd() for place in spec.submodule_search_locations)
