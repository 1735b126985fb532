"""A network of layers, computed by a backend without the problem in which it was trained."""

from __future__ import annotations

import math
from typing import Literal

from gankit import plugins
from gankit._utils.state import State
from gankit.contract import Network, Problem
from gankit.contract.export_format import ExportedNetwork
from gankit.launch.further_networks import further_networks
from gankit.layers import Dense, Flatten, Reshape, Shape, Spec
from gankit.losses import BUILTIN
from gankit.optimizers import SGD
from gankit.passes import FurtherNetwork
from gankit.terms import Term

REFERENCE = "numpy"
NAME, MADE = "network", "made"


def lone_network(problem: Problem, weights: State, backend: str = REFERENCE) -> Network:
    """Return the network of a problem of `lone_problem`, with weights.

    Parameters
    ----------
    problem
        The problem.
    weights
        The weights and running state by name.
    backend
        The backend that computes, with the capability "networks".

    Raises
    ------
    CheckpointError
        The weights do not match the layers.
    """
    found = further_networks(plugins.get_backend(backend).trainer(problem))[NAME]
    found.load_weights(weights)
    return found


def lone_problem(
    network: ExportedNetwork, precision: Literal["float32", "float64"] = "float32"
) -> Problem:
    """Return a problem with a network that returns what the layers of `network` make.

    It takes placeholders of the inputs, and its logits have no mean.

    Raises
    ------
    ConfigError
        The layers do not fit the inputs.
    """
    inputs = {f"input{number}": shape for number, shape in enumerate(network.input_shapes)}
    placeholders = {name: FurtherNetwork("generator", _of_noise(s)) for name, s in inputs.items()}
    unused = SGD()
    return Problem(
        generator=_of_noise((1, 1, 1)),
        discriminator=(Flatten(), Dense(1)),
        latent=1,
        image_shape=(1, 1, 1),
        loss=BUILTIN[0],
        generator_optimizer=unused,
        discriminator_optimizer=unused,
        networks=placeholders | {NAME: FurtherNetwork("generator", network.layers)},
        passes={f"of-{name}": f"{name}(noise)" for name in inputs}
        | {MADE: f"{NAME}({', '.join(f'of-{name}' for name in inputs)})"},
        terms=(Term("l2", MADE, MADE),),
        classes=network.labels.classes,
        conditions=network.conditions,
        precision=precision,
    )


def _of_noise(shape: Shape) -> Spec:
    """Return layers that make values of a shape of one number."""
    row = (Dense(math.prod(shape)),)
    return (*row, Reshape(shape)) if len(shape) == 3 else row
