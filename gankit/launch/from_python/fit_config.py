"""The configuration of a run of `gankit.fit`, to be recorded in its folder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gankit.config import TrainConfig
from gankit.config.train_config import NetworkConfig
from gankit.contract import Problem
from gankit.contract.network_inputs import INPUTS, SEES
from gankit.launch.native_networks import parts
from gankit.losses import Loss
from gankit.optimizers import Optimizer


def fit_config(problem: Problem, loss: Loss, **rest: Any) -> TrainConfig:  # noqa: ANN401 - fields of many types.
    """Return the configuration that describes a problem.

    Parameters
    ----------
    problem
        What is trained.
    loss
        Its loss before label smoothing.
    rest
        Fields of `TrainConfig` that the others do not give, such as the number of steps.

    Raises
    ------
    ConfigError
        A number is out of range.
    """
    return TrainConfig(
        generator=replace(
            _network(problem.generator, problem.generator_optimizer),
            inputs=None if problem.inputs == INPUTS else problem.inputs,
        ),
        discriminator=replace(
            _network(problem.discriminator, problem.discriminator_optimizer),
            heads=dict(problem.heads),
            sees={} if problem.sees == SEES else dict(problem.sees),
        ),
        latent=problem.latent,
        loss=loss.name,
        classes=problem.classes or None,
        source_shape=problem.source_shape,
        conditions=problem.conditions,
        **rest,
        **problem.options(),
    )


def _network(network: object, optimizer: Optimizer) -> NetworkConfig:
    """Return layers as they are, and a native network by its class."""
    if isinstance(network, tuple):
        return NetworkConfig(network, optimizer)
    kind = type(network)
    name = f"{kind.__module__}.{kind.__qualname__}"
    return NetworkConfig((), optimizer, native=name, parts=parts(network))
