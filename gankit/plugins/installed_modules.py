"""Find out which modules are installed, and in which version, without importing them."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable
from contextlib import suppress
from importlib import metadata
from pathlib import Path

_BOUND = re.compile(r"([\w.-]*\w)[^;]*>=\s*([\d.]+)")
"""A requirement with a lower bound: its name and the bound; markers come after a semicolon."""


def missing(modules: Iterable[str], distribution: str = "") -> list[str]:
    """Return the modules that are not installed or too old, without importing any.

    A module that is too old is named with its versions: "torch>=2.9.1 instead of 2.8.0".

    Parameters
    ----------
    modules
        Names of modules.
    distribution
        The package whose requirements give the oldest versions by `>=`, those of extras too;
        empty, the default, for none.
    """
    faults = (_too_old(name, distribution) if _findable(name) else name for name in modules)
    return [fault for fault in faults if fault]


def version(module: str) -> str:
    """Return the version of an installed module's distribution; empty if it has none."""
    # Usually the names are equal. Searching all installed distributions is slow.
    for name in (module, f"{module}-cpu"):
        with suppress(metadata.PackageNotFoundError):
            return metadata.version(name)
    names = metadata.packages_distributions().get(module)
    return metadata.version(names[0]) if names else ""


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


def _too_old(module: str, distribution: str) -> str:
    """Return a module with its oldest version and its own if that is older; else an empty text."""
    oldest = _oldest(module, distribution)
    if not oldest or not (own := version(module)) or _numbers(own) >= _numbers(oldest):
        return ""
    return f"{module}>={oldest} instead of {own}"


def _oldest(module: str, distribution: str) -> str:
    """Return the lower bound of a module in a distribution's metadata; empty without one."""
    try:
        lines = metadata.requires(distribution) or [] if distribution else []
    except metadata.PackageNotFoundError:
        return ""
    found = [_BOUND.match(line) for line in lines]
    bounds = [one[2] for one in found if one and _plain(one[1]) == _plain(module)]
    return min(bounds, key=_numbers, default="")


def _plain(name: str) -> str:
    """Return the name of a package or of its module in one form: "my_lib" of "My-Lib"."""
    return re.sub(r"[-_.]+", "_", name.lower())


def _numbers(version: str) -> tuple[int, ...]:
    """Return the first three numbers of a version: (2, 9, 1) of "2.9.1+cpu", (2, 9, 0) of "2.9"."""
    numbers = [int(number) for number in re.findall(r"\d+", version.partition("+")[0])]
    return tuple([*numbers, 0, 0, 0][:3])
