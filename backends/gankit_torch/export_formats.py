"""The backend's export formats; torch is imported only when one is written or read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gankit.contract import State
from gankit.contract.export_format import (
    ONNX_SNIPPET,
    Export,
    ExportedNetwork,
    Ran,
    add_class_names_to_onnx,
    read_onnx,
)

TORCHSCRIPT_SNIPPET = """\
import torch

network = torch.jit.load({path})
with torch.no_grad():
    {output} = network(**{{name: torch.from_numpy(a) for name, a in inputs.items()}}).numpy()
"""


def write_onnx(network: ExportedNetwork, weights: State, path: Path) -> None:
    """Write ONNX."""
    from gankit_torch import exports

    exports.write_onnx(network, weights, path)


def write_torchscript(network: ExportedNetwork, weights: State, path: Path) -> None:
    """Write TorchScript."""
    from gankit_torch import exports

    exports.write_torchscript(network, weights, path)


def read_torchscript(path: Path) -> Ran:
    """Open TorchScript."""
    from gankit_torch import exports

    return exports.read_torchscript(path)


def add_class_names_to_torchscript(path: Path, names: Sequence[str]) -> None:
    """Add the names of classes to TorchScript."""
    from gankit_torch import exports

    exports.add_class_names_to_torchscript(path, names)


EXPORTS = {
    "onnx": Export(
        suffix=".onnx",
        write=write_onnx,
        read=read_onnx,
        snippet=ONNX_SNIPPET,
        requires=("onnx", "onnxscript", "onnxruntime"),
        remedy="pip install 'gankit[onnx]'",
        add_class_names=add_class_names_to_onnx,
    ),
    "torchscript": Export(
        suffix=".pt",
        write=write_torchscript,
        read=read_torchscript,
        snippet=TORCHSCRIPT_SNIPPET,
        add_class_names=add_class_names_to_torchscript,
    ),
}
