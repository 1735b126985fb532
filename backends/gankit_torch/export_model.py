"""A spec's generator as a module that can be exported."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gankit.contract import Problem, State
from gankit.contract.export_format import input_parts
from gankit.layers import as_spec
from gankit_torch.forward import ForwardSettings
from gankit_torch.layers import Sequential, build_layers
from gankit_torch.tensors import copy_into


class ExportModel(nn.Module):
    """A generator in inference mode, called with its inputs by name, or in their order."""

    def __init__(self, layers: Sequential, counts: Sequence[int], names: Sequence[str]) -> None:
        super().__init__()
        self.layers, self._counts = layers, counts
        self._labelled = "labels" in names

        def forward(*inputs: Tensor) -> Tensor:
            return self._images(inputs)

        # The exporters take the names of the inputs from here.
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        forward.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [inspect.Parameter(name, kind) for name in names]
        )
        self.forward = forward

    def _images(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return `(n, height, width, channels)` images; labels are the last of the inputs."""
        labels = inputs[-1] if self._labelled else None
        arrays, start = [], 0
        for count in self._counts:
            parts = tuple(inputs[start : start + count])
            arrays.append(parts[0] if count == 1 else torch.cat(parts, dim=1))
            start += count
        first, *others = arrays
        images: Tensor = self.layers(first, ForwardSettings(labels, others=tuple(others)))
        return images


def export_model(problem: Problem, weights: State) -> tuple[ExportModel, dict[str, Tensor]]:
    """Return the generator with its weights, and two rows of each of its inputs."""
    layers = build_layers(
        as_spec(problem.generator, "generator"),
        problem.input_shapes("generator"),
        problem.label_format.width,
    )
    for name, tensor in layers.state_dict().items():
        copy_into(tensor, weights[name])
    parts = input_parts(problem)
    inputs = {name: torch.zeros(2, *shape) for part in parts for name, shape in part.items()}
    if taken := problem.generator_labels:
        inputs["labels"] = torch.zeros(2, dtype=torch.int64)
        if taken.columns:
            inputs["labels"] = torch.zeros(2, taken.columns)
    return ExportModel(layers, list(map(len, parts)), list(inputs)).eval(), inputs
