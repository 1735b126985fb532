"""A spec's generator as a module that can be exported."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gankit.contract import Problem, State
from gankit.layers import as_spec
from gankit_torch.forward import ForwardSettings
from gankit_torch.layers import Sequential, build_layers
from gankit_torch.tensors import copy_into


class ExportModel(nn.Module):
    """A generator in inference mode; labels come last, if it is class-conditional."""

    def __init__(self, layers: Sequential) -> None:
        super().__init__()
        self.layers = layers

    def _images(self, labels: Tensor | None, first: Tensor, *others: Tensor) -> Tensor:
        images: Tensor = self.layers(first, ForwardSettings(labels, others=others))
        return images


class OfNoise(ExportModel):
    """A generator that takes noise alone."""

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return `(n, height, width, channels)` images."""
        return self._images(labels, noise)


class OfSource(ExportModel):
    """A generator that takes sources alone."""

    def forward(self, source: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return `(n, height, width, channels)` images."""
        return self._images(labels, source)


class OfNoiseAndSource(ExportModel):
    """A generator that takes noise, then sources."""

    def forward(self, noise: Tensor, source: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return `(n, height, width, channels)` images."""
        return self._images(labels, noise, source)


class OfSourceAndNoise(ExportModel):
    """A generator that takes sources, then noise."""

    def forward(self, source: Tensor, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return `(n, height, width, channels)` images."""
        return self._images(labels, source, noise)


MODELS: dict[tuple[str, ...], type[ExportModel]] = {
    ("noise",): OfNoise,
    ("source",): OfSource,
    ("noise", "source"): OfNoiseAndSource,
    ("source", "noise"): OfSourceAndNoise,
}
"""A model by the names of its inputs: exporters read them from `forward`."""


def export_model(problem: Problem, weights: State) -> tuple[ExportModel, dict[str, Tensor]]:
    """Return the generator with its weights, and two rows of each of its inputs."""
    layers = build_layers(
        as_spec(problem.generator, "generator"), problem.input_shapes("generator"), problem.classes
    )
    for name, tensor in layers.state_dict().items():
        copy_into(tensor, weights[name])
    shapes = zip(problem.inputs, problem.input_shapes("generator"), strict=True)
    inputs = {name: torch.zeros(2, *shape) for name, shape in shapes}
    if problem.generator_classes:
        inputs["labels"] = torch.zeros(2, dtype=torch.int64)
    return MODELS[problem.inputs](layers).eval(), inputs
