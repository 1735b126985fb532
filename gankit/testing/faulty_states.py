"""Faulty states, and checks that they are refused."""

from __future__ import annotations

import numpy as np
import pytest

from gankit.contract import State, Trainer
from gankit.errors import CheckpointError
from gankit.testing.agreement import assert_identical

FAULTS = ("missing", "unknown", "shape", "kind")


def moved(state: State) -> State:
    """Return a state of the same layout in which every number is another."""
    return {name: array + np.ones((), array.dtype) for name, array in state.items()}


def spoilt(state: State, fault: str) -> State:
    """Return a state with other numbers throughout and one fault, in its last array."""
    bad, last = moved(state), list(state)[-1]
    match fault:
        case "missing":
            del bad[last]
        case "unknown":
            bad[f"{last}s"] = bad[last]
        case "shape":
            bad[last] = bad[last][np.newaxis]
        case "kind":
            other = np.float32 if bad[last].dtype.kind == "i" else np.int64
            bad[last] = bad[last].astype(other)
    return bad


def copied(state: State) -> State:
    """Return a copy of each array."""
    return {name: array.copy() for name, array in state.items()}


def overwrite(state: State) -> None:
    """Write other numbers into each array that may be written."""
    for array in state.values():
        if array.flags.writeable:
            array[...] = 7


def assert_refused(trainer: Trainer, state: State) -> None:
    """Fail unless `trainer` refuses `state` and is left as it was."""
    before = trainer.state()
    with pytest.raises(CheckpointError):
        trainer.load_state(state)
    assert_identical(trainer.state(), before)
