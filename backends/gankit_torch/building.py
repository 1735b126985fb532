"""Build a `Player` from a spec or a native module."""

from __future__ import annotations

import torch
from torch import nn

from gankit import layers
from gankit.contract import Problem, strip_prefix
from gankit.contract.random_streams import Role
from gankit.errors import ConfigError
from gankit.layers import Shape
from gankit_torch.calling import takes_labels
from gankit_torch.layers import network
from gankit_torch.networks import Player


def player(problem: Problem, site: Role, device: torch.device) -> Player:
    """Build a spec with its initial weights, or check and wrap a native module."""
    name = site.name.lower()
    model, shape = (
        (problem.generator, (problem.latent,))
        if site is Role.GENERATOR
        else (problem.discriminator, problem.image_shape)
    )
    if isinstance(model, tuple):
        module = network(model, shape, problem.classes)
        classes = problem.classes if layers.uses_labels(model) else 0
        module = module.to(device, dtype(problem))
        found = Player(module, site, device, dtype(problem), classes, problem.mixed)
        found.load_weights(strip_prefix(problem.initial_weights(), name))
        return found
    if not isinstance(model, nn.Module):
        raise ConfigError(
            f"the {name} is a {type(model).__name__}; give a spec or an nn.Module, "
            "or name the backend that it belongs to"
        )
    labels = takes_labels(model, name, problem.classes)
    classes = problem.classes if labels.taken else 0
    native = model.to(device)
    found = Player(native, site, device, dtype(problem), classes, problem.mixed, labels)
    _check_native(found, problem, name)
    return found


def dtype(problem: Problem) -> torch.dtype:
    """Return the dtype of `problem`."""
    return torch.float64 if problem.precision == "float64" else torch.float32


def _check_native(found: Player, problem: Problem, name: str) -> None:
    """Raise ConfigError unless a native module fits the problem."""
    wrong = [p.dtype for p in found.module.parameters() if p.dtype != found.dtype]
    if wrong:
        raise ConfigError(f"the {name}'s weights are {wrong[0]}; the problem needs {found.dtype}")
    if not found.parameters:
        raise ConfigError(
            f"the {name} has no weights to train; call requires_grad_() on some of its parameters"
        )
    height, width, channels = problem.image_shape
    shape, wanted = (
        ((problem.latent,), (channels, height, width))
        if found.site is Role.GENERATOR
        else ((channels, height, width), problem.discriminator_output_shape)
    )
    made = _shape_made(found, shape, name)
    if made != wanted and not (wanted == (1,) and made == ()):
        raise ConfigError(
            f"the {name}'s output is {made} for inputs of {shape}; it must be {wanted}"
        )


def _shape_made(found: Player, shape: Shape, name: str) -> Shape:
    """Return a native module's output shape for inputs of `shape`, without the batch."""
    inputs = torch.zeros(2, *shape, dtype=found.dtype, device=found.device)
    labels = torch.zeros(2, dtype=torch.int64, device=found.device)
    found.module.eval()
    try:
        with torch.no_grad():
            outputs = found.called(inputs, labels)
    finally:
        found.module.train()
    if not isinstance(outputs, torch.Tensor):
        raise ConfigError(
            f"the {name} returns a {type(outputs).__name__}; it must return one tensor"
        )
    return tuple(outputs.shape[1:])
