"""The oldest versions of frameworks that gankit supports: the bounds in its package's metadata."""

from __future__ import annotations

import re
from importlib import metadata
from types import ModuleType

from gankit.errors import BackendUnavailable


def check_version(backend: str, framework: ModuleType) -> None:
    """Raise BackendUnavailable if a framework is older than the extra of `backend` allows.

    Parameters
    ----------
    backend
        The name of gankit's extra, such as "torch".
    framework
        The imported module, with `__version__`, such as `torch`.
    """
    oldest, found = _oldest(framework.__name__), str(framework.__version__)
    if oldest and _numbers(found) < _numbers(oldest):
        raise BackendUnavailable(
            f"backend {backend!r}: got {framework.__name__} {found}; expected {oldest} or newer; "
            f"pip install --upgrade {framework.__name__}"
        )


def _oldest(name: str) -> str:
    """Return the lower bound of a distribution in gankit's metadata; empty without one."""
    try:
        lines = metadata.requires("gankit") or []
    except metadata.PackageNotFoundError:
        return ""
    bounds = [found[1] for line in lines if (found := re.match(rf"{name}>=([\d.]+)", line))]
    return min(bounds, key=_numbers, default="")


def _numbers(version: str) -> tuple[int, ...]:
    """Return the first numbers of a version: (2, 9, 1) of "2.9.1+cpu"."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
