"""A network of layers as a module that can be exported."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gankit.contract import State
from gankit.contract.export_format import LABELS, ExportedNetwork
from gankit_torch.forward import ForwardSettings
from gankit_torch.layers import Sequential, build_layers
from gankit_torch.tensors import copy_into


class ExportModel(nn.Module):
    """A network in inference mode, called with its inputs by name, or in their order."""

    def __init__(self, layers: Sequential, counts: Sequence[int], names: Sequence[str]) -> None:
        super().__init__()
        self.layers, self._counts = layers, counts
        self._labelled = LABELS in names

        def forward(*inputs: Tensor) -> Tensor:
            return self._outputs(inputs)

        # The exporters take the names of the inputs from here.
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        forward.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [inspect.Parameter(name, kind) for name in names]
        )
        self.forward = forward

    def _outputs(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the outputs; labels are the last of the inputs."""
        labels = inputs[-1] if self._labelled else None
        arrays, start = [], 0
        for count in self._counts:
            parts = tuple(inputs[start : start + count])
            arrays.append(parts[0] if count == 1 else torch.cat(parts, dim=1))
            start += count
        first, *others = arrays
        outputs: Tensor = self.layers(first, ForwardSettings(labels, others=tuple(others)))
        return outputs


def export_model(network: ExportedNetwork, weights: State) -> tuple[ExportModel, dict[str, Tensor]]:
    """Return the network with its weights, and two rows of each of its inputs."""
    layers = build_layers(network.layers, network.input_shapes, network.labels.width)
    for name, tensor in layers.state_dict().items():
        copy_into(tensor, weights[name])
    inputs = {name: torch.zeros(2, *shape) for name, shape in network.parts.items()}
    if taken := network.labels:
        inputs[LABELS] = torch.zeros(2, dtype=torch.int64)
        if taken.columns:
            inputs[LABELS] = torch.zeros(2, taken.columns)
    return ExportModel(layers, list(map(len, network.inputs)), list(inputs)).eval(), inputs
