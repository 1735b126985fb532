"""Build a `Network` from a spec or from a user's module."""

from __future__ import annotations

import torch
from torch import nn

from gankit import layers
from gankit.contract import NO_LABELS, Problem, strip_prefix
from gankit.contract.native_checks import ROWS, check_rows
from gankit.errors import ConfigError
from gankit.layers import Shape
from gankit_torch.layers import build_layers
from gankit_torch.native_call import labels_argument
from gankit_torch.networks import IMAGES, Network
from gankit_torch.tensors import torch_dtype


def build_network(problem: Problem, name: str, device: torch.device) -> Network:
    """Build a spec with its initial weights, or check and wrap a user's module."""
    model, dtype = problem.spec_of(name), torch_dtype(problem)
    shape = problem.input_shapes(name)
    if isinstance(model, tuple):
        taken = problem.label_format if layers.uses_labels(model) else NO_LABELS
        module = build_layers(model, shape, problem.label_format.width).to(device, dtype)
        network = Network(module, name, device, dtype, problem, taken, problem.mixed)
        network.load_weights(strip_prefix(problem.initial_weights(), name))
        for key, parameter in module.named_parameters():
            parameter.requires_grad_(problem.trains(name, key))
        return network
    if not isinstance(model, nn.Module):
        raise ConfigError(
            f"{name}: got a {type(model).__name__}; expected a spec or an nn.Module, "
            "or name the backend that it belongs to"
        )
    if any(array.is_meta for array in (*model.parameters(), *model.buffers())):
        raise ConfigError(
            f"{name}: got weights on the device 'meta', which have no values; build it on 'cpu'"
        )
    labels = labels_argument(model, name, problem.label_format.width, problem.input_names(name))
    taken = problem.label_format if labels.taken else NO_LABELS
    network = Network(model.to(device), name, device, dtype, problem, taken, problem.mixed, labels)
    _check_native(network, problem, name)
    return network


def _check_native(network: Network, problem: Problem, name: str) -> None:
    """Raise ConfigError unless a user's module fits the problem."""
    wrong = [p.dtype for p in network.module.parameters() if p.dtype != network.dtype]
    if wrong:
        raise ConfigError(f"{name} weights: got {wrong[0]}; expected {network.dtype}")
    if not network.parameters:
        raise ConfigError(
            f"{name}: got no weights to train; call requires_grad_() on some of its parameters"
        )
    height, width, channels = problem.image_shape
    inputs = tuple(
        (shape[2], *shape[:2]) if len(shape) == IMAGES - 1 else shape
        for shape in problem.input_shapes(name)
    )
    expected = problem.discriminator_output_shape
    if network.name == "generator":
        expected = channels, height, width
    outputs = _output_shape(network, inputs, name)
    if outputs != expected and not (expected == (1,) and outputs == ()):
        remedy = "; end in nn.Flatten()" if outputs == (*expected, 1, 1) else ""
        given = " and ".join(map(str, inputs))
        raise ConfigError(
            f"{name} output: got {outputs} for inputs of {given}; expected {expected}{remedy}"
        )


def _output_shape(network: Network, shapes: tuple[Shape, ...], name: str) -> Shape:
    """Return the output shape of a user's module for inputs of `shapes`, without the batch."""
    inputs = tuple(
        torch.zeros(ROWS, *shape, dtype=network.dtype, device=network.device) for shape in shapes
    )
    labels = torch.zeros(ROWS, dtype=torch.int64, device=network.device)
    if columns := network.label_format.columns:
        labels = torch.zeros(ROWS, columns, dtype=network.dtype, device=network.device)
    network.module.eval()
    try:
        with torch.no_grad():
            outputs = network.call_native(inputs, labels)
    except ConfigError as error:
        if network.name == "generator" and _takes_maps(network, inputs, labels):
            remedy = f"noise is (B, latent): start with nn.Unflatten(1, ({shapes[0][0]}, 1, 1))"
            raise ConfigError(f"{error}; {remedy}") from error.__cause__
        raise
    finally:
        network.module.train()
    if not isinstance(outputs, torch.Tensor):
        raise ConfigError(f"{name} output: got a {type(outputs).__name__}; expected one tensor")
    check_rows(name, tuple(outputs.shape))
    return tuple(outputs.shape[1:])


def _takes_maps(network: Network, inputs: tuple[torch.Tensor, ...], labels: torch.Tensor) -> bool:
    """Return whether a generator of noise alone takes it of shape (B, latent, 1, 1)."""
    noise, *others = inputs
    if others or noise.ndim != 2:
        return False
    try:
        with torch.no_grad():
            network.call_native((noise[..., None, None],), labels)
    except ConfigError:
        return False
    return True
