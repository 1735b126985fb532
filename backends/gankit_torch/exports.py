"""Export networks to ONNX and TorchScript."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch

from gankit.contract import Array, State
from gankit.contract.export_format import ExportedNetwork, Inputs, Ran
from gankit_torch.export_model import export_model


def write_onnx(network: ExportedNetwork, weights: State, path: Path) -> None:
    """Write ONNX with torch's exporter, with the weights inside the file."""
    module, inputs = export_model(network, weights)
    torch.onnx.export(
        module,
        tuple(inputs.values()),
        path,
        dynamo=True,
        external_data=False,
        verbose=False,
        input_names=list(inputs),
        output_names=[network.output],
        dynamic_shapes={name: {0: torch.export.Dim("n")} for name in inputs},
    )


def write_torchscript(network: ExportedNetwork, weights: State, path: Path) -> None:
    """Write TorchScript by tracing; no layer branches on its inputs."""
    module, inputs = export_model(network, weights)
    with torch.no_grad():
        traced = torch.jit.trace(module, tuple(inputs.values()))  # type: ignore[no-untyped-call]
    torch.jit.save(traced, path)


def read_torchscript(path: Path) -> Ran:
    """Open TorchScript."""
    network = _load(path)

    def run(inputs: Inputs) -> Array:
        with torch.no_grad():
            outputs = network(**{name: torch.from_numpy(a) for name, a in inputs.items()})
        array: Array = outputs.numpy()
        return array

    return run


def add_class_names_to_torchscript(path: Path, names: Sequence[str]) -> None:
    """Add the names of classes to TorchScript, as its extra file "class_names.json"."""
    extra = {"class_names.json": json.dumps(list(names))}
    torch.jit.save(_load(path), path, _extra_files=extra)


def _load(path: Path) -> torch.jit.ScriptModule:
    """Read a TorchScript file that gankit has just written."""
    network: torch.jit.ScriptModule = torch.jit.load(path, map_location="cpu")  # type: ignore[no-untyped-call]
    return network
