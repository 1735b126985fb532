"""The oldest version of a framework that a backend's package allows."""

from __future__ import annotations

import re
from importlib import metadata
from types import ModuleType

from gankit.errors import BackendUnavailable


def check_version(framework: ModuleType, distribution: str) -> None:
    """Raise BackendUnavailable if a framework is older than a backend's package allows.

    Parameters
    ----------
    framework
        The imported module, with `__version__`, such as `torch`. Its distribution has its name.
    distribution
        The package of the backend, such as "gankit": the lower bound is that of its requirements
        `NAME>=VERSION`, those of extras too. Without a bound, every version is taken.

    Raises
    ------
    BackendUnavailable
        The version is older.
    """
    name, found = framework.__name__, str(framework.__version__)
    oldest = _oldest(name, distribution)
    if oldest and _numbers(found) < _numbers(oldest):
        raise BackendUnavailable(
            f"{distribution}: got {name} {found}; expected {oldest} or newer; "
            f"pip install --upgrade {name}"
        )


def _oldest(name: str, distribution: str) -> str:
    """Return the lower bound of `name` in a distribution's metadata; empty without one."""
    try:
        lines = metadata.requires(distribution) or []
    except metadata.PackageNotFoundError:
        return ""
    bounds = [found[1] for line in lines if (found := re.match(rf"{name}>=([\d.]+)", line))]
    return min(bounds, key=_numbers, default="")


def _numbers(version: str) -> tuple[int, ...]:
    """Return the first numbers of a version: (2, 9, 1) of "2.9.1+cpu"."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
