"""Export torch-fidelity's Inception to a file for `gankit evaluate --features`.

Run it in an environment of its own, since torch-fidelity requires much that gankit does not:

    python -m venv inception
    inception/bin/pip install torch torch-fidelity onnx onnxscript onnxruntime
    inception/bin/python export_inception.py WEIGHTS.pth inception.onnx

WEIGHTS.pth is weights-inception-2015-12-05-6726825d.pth of torch-fidelity's release v0.2.0 on
GitHub: the weights of the FID of Heusel et al. 2017, converted from TensorFlow. They are read with
`weights_only=True`: a file with anything else than arrays is refused, and no code in it runs.
torch-fidelity itself would run such code.

The exported network takes `(n, 3, height, width)` uint8 images of any size, and resizes them to
299x299 itself, as TensorFlow 1 does: bilinear, without half-pixel centres, without antialiasing. So
gankit gives it the images as they are. Its output is `features`, the `(n, 2048)` averages of the
last pooling layer. At its end the script compares the file with torch-fidelity on random images.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from unittest import mock

import numpy as np
import onnx
import onnxruntime
import torch
from torch_fidelity import feature_extractor_inceptionv3 as inception

SIZES = (28, 28), (32, 32), (64, 48), (299, 299), (320, 400)
"""Heights and widths of the images that the file is tried on."""

TOLERANCE = 1e-3
"""The largest difference of a feature, as a part of the largest feature."""


def resized(images: torch.Tensor, size: tuple[int, int], align_corners: bool) -> torch.Tensor:
    """Return `(n, C, H, W)` images in another size, as TensorFlow 1 resizes.

    It replaces torch-fidelity's function, which an exporter can only convert for one size.
    """
    if align_corners:
        raise ValueError("align_corners: got True; expected False")
    return _along(_along(images, 2, size[0]), 3, size[1])


def _along(images: torch.Tensor, axis: int, length: int) -> torch.Tensor:
    """Interpolate along one axis: pixel i is at i * old length / new length."""
    old = images.shape[axis]
    place = torch.arange(length) * old
    low = place // length
    high = (low + 1).clamp(max=old - 1)
    part = (
        ((place % length) / length)
        .to(images.dtype)
        .reshape([-1 if i == axis else 1 for i in range(4)])
    )
    first, second = images.index_select(axis, low), images.index_select(axis, high)
    return first + (second - first) * part


class Features(torch.nn.Module):
    """The 2,048 features of an Inception network."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return `(n, 2048)` float32 for `(n, 3, H, W)` uint8 images."""
        (features,) = self.network(images)
        return features


def read_inception(path: Path) -> Features:
    """Return torch-fidelity's Inception with the weights of a file."""
    weights = torch.load(path, map_location="cpu", weights_only=True)
    # Its constructor reads the file with pickle, which can run code: it is given the weights.
    with mock.patch.object(torch, "load", return_value=weights):
        network = inception.FeatureExtractorInceptionV3("inception", ["2048"], str(path))
    return Features(network).eval()


def write(network: Features, path: Path) -> None:
    """Write the network to an ONNX file, with its weights inside."""
    free = {axis: torch.export.Dim(name) for axis, name in ((0, "n"), (2, "h"), (3, "w"))}
    with mock.patch.object(inception, "interpolate_bilinear_2d_like_tensorflow1x", resized):
        torch.onnx.export(
            network,
            (torch.zeros(2, 3, 40, 50, dtype=torch.uint8),),
            path,
            dynamo=True,
            verbose=False,
            external_data=False,
            input_names=["images"],
            output_names=["features"],
            dynamic_shapes={"images": free},
        )
    _remove_notes(path)


def _remove_notes(path: Path) -> None:
    """Remove paths and line numbers from the file: they would change its SHA-256."""
    model = onnx.load(path)
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.value_info, *graph.input, *graph.output):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    onnx.save(model, path)


def largest_difference(network: Features, path: Path) -> float:
    """Return the largest difference of the file's features, as a part of the largest feature."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    random, found = np.random.default_rng(0), 0.0
    for height, width in SIZES:
        images = random.integers(0, 256, (3, 3, height, width), np.uint8)
        with torch.no_grad():
            expected = network(torch.from_numpy(images)).numpy()
        (features,) = session.run(["features"], {"images": images})
        found = max(found, float(np.abs(features - expected).max() / np.abs(expected).max()))
    return found


def main() -> None:
    """Read the weights, write the file, and compare it with torch-fidelity."""
    parser = argparse.ArgumentParser(description="Export torch-fidelity's Inception to ONNX.")
    parser.add_argument("weights", type=Path, help="weights-inception-2015-12-05-6726825d.pth")
    parser.add_argument("file", type=Path, help="the ONNX file to write")
    given = parser.parse_args()
    network = read_inception(given.weights)
    write(network, given.file)
    difference = largest_difference(network, given.file)
    if not difference <= TOLERANCE:
        given.file.unlink()
        parser.exit(
            1, f"the file differs from torch-fidelity by {difference:.1e}; it was removed\n"
        )
    sha256 = hashlib.sha256(given.file.read_bytes()).hexdigest()
    print(f"{given.file}: differs from torch-fidelity by {difference:.1e}; SHA-256 {sha256}")


if __name__ == "__main__":
    main()
