"""Export generators to ONNX and TorchScript."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch

from gankit.contract import Array, Problem, State
from gankit.contract.export_format import Inputs, Ran
from gankit_torch.export_model import export_model


def write_onnx(problem: Problem, weights: State, path: Path) -> None:
    """Write ONNX with torch's exporter, with the weights inside the file."""
    generator, inputs = export_model(problem, weights)
    torch.onnx.export(
        generator,
        tuple(inputs.values()),
        path,
        dynamo=True,
        external_data=False,
        verbose=False,
        input_names=list(inputs),
        output_names=["images"],
        dynamic_shapes={name: {0: torch.export.Dim("n")} for name in inputs},
    )


def write_torchscript(problem: Problem, weights: State, path: Path) -> None:
    """Write TorchScript by tracing; no layer branches on its inputs."""
    generator, inputs = export_model(problem, weights)
    with torch.no_grad():
        traced = torch.jit.trace(generator, tuple(inputs.values()))  # type: ignore[no-untyped-call]
    torch.jit.save(traced, path)


def read_torchscript(path: Path) -> Ran:
    """Open TorchScript."""
    generator = _load(path)

    def run(inputs: Inputs) -> Array:
        with torch.no_grad():
            images = generator(**{name: torch.from_numpy(a) for name, a in inputs.items()})
        array: Array = images.numpy()
        return array

    return run


def add_class_names_to_torchscript(path: Path, names: Sequence[str]) -> None:
    """Add the names of classes to TorchScript, as its extra file "class_names.json"."""
    generator = _load(path)
    extra = {"class_names.json": json.dumps(list(names))}
    torch.jit.save(generator, path, _extra_files=extra)


def _load(path: Path) -> torch.jit.ScriptModule:
    """Read a TorchScript file that gankit has just written."""
    generator: torch.jit.ScriptModule = torch.jit.load(path, map_location="cpu")  # type: ignore[no-untyped-call]
    return generator
