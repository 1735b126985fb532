"""Invalid states, and an assertion that a trainer refuses one."""

from __future__ import annotations

import numpy as np
import pytest

from gankit.contract import State, Trainer
from gankit.errors import CheckpointError
from gankit.testing.agreement import assert_identical

FAULTS = ("missing", "unknown", "shape", "kind")


def shifted(state: State) -> State:
    """Return a state of the same layout with every number changed."""
    return {name: array + np.ones((), array.dtype) for name, array in state.items()}


def corrupted(state: State, fault: str) -> State:
    """Return a state with every number changed, and one fault in its last array."""
    bad, last = shifted(state), list(state)[-1]
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
    """Overwrite each writeable array."""
    for array in state.values():
        if array.flags.writeable:
            array[...] = 7


def assert_refused(trainer: Trainer, state: State) -> None:
    """Fail unless `trainer` refuses `state` and stays unchanged."""
    before = trainer.state()
    with pytest.raises(CheckpointError):
        trainer.load_state(state)
    assert_identical(trainer.state(), before)
