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
    """A generator in inference mode, called with noise and, if class-conditional, labels."""

    def __init__(self, layers: Sequential) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return `(n, height, width, channels)` images."""
        images: Tensor = self.layers(noise, ForwardSettings(labels))
        return images


def export_model(problem: Problem, weights: State) -> tuple[ExportModel, dict[str, Tensor]]:
    """Return the generator with its weights, and two rows of each of its inputs."""
    layers = build_layers(
        as_spec(problem.generator, "generator"), (problem.noise_width,), problem.classes
    )
    for name, tensor in layers.state_dict().items():
        copy_into(tensor, weights[name])
    inputs = {"noise": torch.zeros(2, problem.noise_width)}
    if problem.generator_classes:
        inputs["labels"] = torch.zeros(2, dtype=torch.int64)
    return ExportModel(layers).eval(), inputs
