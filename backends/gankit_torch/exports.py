"""Export generators to ONNX and TorchScript."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from gankit.contract import Array, Problem, State
from gankit.contract.export_format import Inputs, Ran
from gankit_torch.layers import Sequential, network
from gankit_torch.passes import Pass
from gankit_torch.tensors import copy_into


class Alone(nn.Module):
    """A generator in inference mode, called with noise and, if class-conditional, labels."""

    def __init__(self, layers: Sequential) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return `(n, height, width, channels)` images."""
        images: Tensor = self.layers(noise, Pass(labels))
        return images


def write_onnx(problem: Problem, weights: State, path: Path) -> None:
    """Write ONNX with torch's exporter, with the weights inside the file."""
    generator, inputs = _alone(problem, weights)
    torch.onnx.export(
        generator, tuple(inputs.values()), path, dynamo=True, external_data=False, verbose=False,
        input_names=list(inputs), output_names=["images"],
        dynamic_shapes={name: {0: torch.export.Dim("n")} for name in inputs},
    )  # fmt: skip


def write_torchscript(problem: Problem, weights: State, path: Path) -> None:
    """Write TorchScript by tracing; no layer branches on its inputs."""
    generator, inputs = _alone(problem, weights)
    with torch.no_grad():
        traced = torch.jit.trace(generator, tuple(inputs.values()))  # type: ignore[no-untyped-call]
    torch.jit.save(traced, path)


def read_torchscript(path: Path) -> Ran:
    """Open TorchScript."""
    generator = _loaded(path)

    def run(inputs: Inputs) -> Array:
        with torch.no_grad():
            images = generator(**{name: torch.from_numpy(a) for name, a in inputs.items()})
        made: Array = images.numpy()
        return made

    return run


def add_class_names_to_torchscript(path: Path, names: Sequence[str]) -> None:
    """Add the names of classes to TorchScript, as its extra file "class_names.json"."""
    generator = _loaded(path)
    extra = {"class_names.json": json.dumps(list(names))}
    torch.jit.save(generator, path, _extra_files=extra)


def _alone(problem: Problem, weights: State) -> tuple[Alone, dict[str, Tensor]]:
    """Return the generator with its weights, and two rows of each of its inputs."""
    layers = network(problem.generator, (problem.latent,), problem.classes)
    for name, tensor in layers.state_dict().items():
        copy_into(tensor, weights[name])
    inputs = {"noise": torch.zeros(2, problem.latent)}
    if problem.generator_classes:
        inputs["labels"] = torch.zeros(2, dtype=torch.int64)
    return Alone(layers).eval(), inputs


def _loaded(path: Path) -> torch.jit.ScriptModule:
    """Read a TorchScript file that gankit has just written."""
    generator: torch.jit.ScriptModule = torch.jit.load(path, map_location="cpu")  # type: ignore[no-untyped-call]
    return generator
