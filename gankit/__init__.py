"""Train GANs on PyTorch, Keras or NumPy.

>>> import gankit
>>> run = gankit.train(recipe="simple", backend="torch", epochs=20)  # doctest: +SKIP
>>> run.sample(25, seed=0).shape  # doctest: +SKIP
(25, 28, 28, 1)

Importing gankit imports no framework, and its own modules only when they are used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from gankit.api import Run, fit, load, train
    from gankit.config import TrainConfig
    from gankit.errors import ExitCode, GankitError
    from gankit.plugins import get_backend, register
    from gankit.plugins.hooks import hookimpl

_MODULES = {
    "ExitCode": "errors",
    "GankitError": "errors",
    "Run": "api",
    "TrainConfig": "config",
    "fit": "api",
    "get_backend": "plugins",
    "hookimpl": "plugins.hooks",
    "load": "api",
    "register": "plugins",
    "train": "api",
}

__all__ = [
    "ExitCode",
    "GankitError",
    "Run",
    "TrainConfig",
    "__version__",
    "fit",
    "get_backend",
    "hookimpl",
    "load",
    "register",
    "train",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attribute may be anything.
    """Import a public name's module on first use (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module 'gankit' has no attribute {name!r}")
    return getattr(importlib.import_module(f"gankit.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
