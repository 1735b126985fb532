"""Match the layers of two networks by their names and the shapes of their arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._utils.state import State

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Matching:
    """How the arrays of a checkpoint's network fit those of a network here.

    Attributes
    ----------
    loaded
        The checkpoint's arrays of the layers that fit, by name.
    layers
        The names of these layers.
    fresh
        What is different about each other layer here, by its name.
    unused
        The names of the checkpoint's layers that are not here.
    """

    loaded: State
    layers: tuple[str, ...]
    fresh: dict[str, str]
    unused: tuple[str, ...]


def matching(found: Arrays, here: Arrays) -> Matching:
    """Match layers: one fits if all of its arrays have the same names, shapes and kinds.

    Parameters
    ----------
    found, here
        The arrays of a network in the checkpoint and here, as "0.kernel".
    """
    theirs, ours = _by_layer(found), _by_layer(here)
    fresh = {
        name: _difference(theirs.get(name), arrays)
        for name, arrays in ours.items()
        if _layout(theirs.get(name, {})) != _layout(arrays)
    }
    layers = tuple(name for name in ours if name not in fresh)
    unused = sorted(theirs.keys() - ours.keys(), key=lambda name: (len(name), name))
    loaded = {array: found[array] for name in layers for array in ours[name]}
    return Matching(loaded, layers, fresh, tuple(unused))


def _by_layer(arrays: Arrays) -> dict[str, dict[str, NDArray[Any]]]:
    """Return the arrays of each layer; a layer's name is all of its arrays' before the last dot."""
    layers: dict[str, dict[str, NDArray[Any]]] = {}
    for name, array in arrays.items():
        layers.setdefault(name.rpartition(".")[0], {})[name] = array
    return layers


def _layout(arrays: Arrays) -> dict[str, tuple[tuple[int, ...], str]]:
    return {name: (array.shape, np.dtype(array.dtype).kind) for name, array in arrays.items()}


def _difference(there: Arrays | None, here: Arrays) -> str:
    """Return how a layer differs: "kernel 100x256 there, 64x256 here"."""
    if there is None:
        return "only here"
    if there.keys() != here.keys():
        return f"{_roles(there)} there, {_roles(here)} here"
    return ", ".join(
        f"{_role(name)} {_described(there[name])} there, {_described(array)} here"
        for name, array in here.items()
        if _layout({name: there[name]}) != _layout({name: array})
    )


def _role(name: str) -> str:
    return name.rpartition(".")[2]


def _roles(arrays: Arrays) -> str:
    return " and ".join(sorted(map(_role, arrays)))


def _described(array: NDArray[Any]) -> str:
    """Return a shape as text; with the dtype of whole numbers, which only native networks have."""
    shape = "x".join(map(str, array.shape)) or "a number"
    return shape if array.dtype.kind == "f" else f"{shape} {array.dtype}"
