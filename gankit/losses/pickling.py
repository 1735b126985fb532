"""Whether a loss's formula can be pickled."""

from __future__ import annotations

import sys
from types import FrameType

PICKLERS = {"cloudpickle", "dill"}
"""Packages that pickle lambdas."""


def pickles_lambdas() -> bool:
    """Return whether the running pickler supports lambdas, as cloudpickle's does."""
    frame: FrameType | None = sys._getframe(1)
    while frame:
        if PICKLERS & set(frame.f_globals.get("__name__", "").split(".")):
            return True
        frame = frame.f_back
    return False


def importable(formula: object) -> bool:
    """Return whether a function can be imported by its module and name, as pickle needs."""
    name = getattr(formula, "__qualname__", None)
    if name is None:  # An object is pickled by its class and state.
        return True
    found: object = sys.modules.get(getattr(formula, "__module__", ""))
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is formula
