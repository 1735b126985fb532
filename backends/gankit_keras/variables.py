"""The state as variables, by the names of a checkpoint."""

from __future__ import annotations

import numpy as np

from gankit import optimizers
from gankit.contract import Problem, State, add_prefix
from gankit_keras.framework import Variable, tf
from gankit_keras.networks import KerasNetworks, Network

COUNTERS = ("step", "t", "updates")
"""The whole numbers of a state; their variables are float64, exact up to 2^53."""


def initial_variables(problem: Problem, networks: KerasNetworks) -> dict[str, Variable]:
    """Return the variables of a run's start; those of native networks are the models' own."""
    values: dict[str, Variable] = {}
    for name, network in networks.by_name.items():
        values |= add_prefix(name, network.values)
    for name, array in problem.initial_weights().items():
        values[name].assign(array)
    if problem.average:
        generator = networks.by_name["generator"].values
        copies = {n: tf.Variable(v, trainable=False) for n, v in generator.items()}
        values |= add_prefix("average", copies)
    for name, network in networks.by_name.items():
        values |= add_prefix(f"optimizer/{name}", _slots(problem.optimizer_of(name), network))
    for name, follower in problem.followers.items():
        values |= add_prefix(name, _variables(follower.initial_scalars()))
    return values | _variables({"step": np.zeros((), np.int64)})


def to_arrays(values: dict[str, Variable]) -> State:
    """Return copies of variables as arrays."""
    return {name: _array(name, value) for name, value in values.items()}


def assign(values: dict[str, Variable], state: State) -> None:
    """Copy validated arrays into variables of the same names."""
    for name, value in values.items():
        value.assign(np.asarray(state[name], value.dtype.as_numpy_dtype))


def _slots(optimizer: optimizers.Optimizer, network: Network) -> dict[str, Variable]:
    weights = {name: v.numpy() for name, v in network.values.items() if name in network.trained}
    return _variables(optimizers.initial_state(optimizer, weights))


def _variables(state: State) -> dict[str, Variable]:
    return {
        name: tf.Variable(array if array.dtype.kind == "f" else array.astype(np.float64))
        for name, array in state.items()
    }


def _array(name: str, value: Variable) -> np.ndarray:
    array = np.array(value.numpy())
    return array.astype(np.int64) if name.rpartition("/")[2] in COUNTERS else array
