"""A trainer's state: arrays by name, with helpers for prefixes and validation.

Names are paths: "generator/0.kernel", "optimizer/generator/m/0.kernel", "step".

>>> strip_prefix({"generator/0.kernel": 1, "generator/0.bias": 2, "step": 3}, "generator")
{'0.kernel': 1, '0.bias': 2}
>>> add_prefix("generator", {"0.kernel": 1})
{'generator/0.kernel': 1}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from gankit.errors import CheckpointError, did_you_mean

State: TypeAlias = dict[str, NDArray[Any]]
Value = TypeVar("Value")


def strip_prefix(state: Mapping[str, Value], name: str) -> dict[str, Value]:
    """Return the entries of `state` under `name/`, without that prefix."""
    prefix = f"{name}/"
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}


def add_prefix(name: str, state: Mapping[str, Value]) -> dict[str, Value]:
    """Return `state` with each name under `name/`; the inverse of `strip_prefix`."""
    return {f"{name}/{k}": v for k, v in state.items()}


def check_state(state: Mapping[str, NDArray[Any]], like: Mapping[str, NDArray[Any]]) -> None:
    """Raise CheckpointError unless `state` has the names, shapes and kinds of numbers of `like`.

    Precision may differ: a float64 state may be loaded into a float32 trainer, and the reverse.
    Call it before any assignment, so that loading is all or nothing.
    """
    if missing := sorted(like.keys() - state.keys()):
        hint = did_you_mean(missing[0], state)
        raise CheckpointError(f"the state has no {missing[0]!r} ({len(missing)} missing){hint}")
    if extra := sorted(state.keys() - like.keys()):
        hint = did_you_mean(extra[0], like)
        raise CheckpointError(f"the state has an unknown {extra[0]!r} ({len(extra)} unknown){hint}")
    for name, wanted in like.items():
        found = state[name]
        if found.shape != wanted.shape:
            raise CheckpointError(f"{name}: got shape {found.shape}; expected {wanted.shape}")
        if np.dtype(found.dtype).kind != np.dtype(wanted.dtype).kind:
            raise CheckpointError(f"{name}: got type {found.dtype}; expected {wanted.dtype}")
