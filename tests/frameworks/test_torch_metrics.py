"""Figures by the network in an ONNX file agree with those of torchmetrics by the same network."""

from __future__ import annotations

import numpy as np
import pytest

from gankit.evaluation import Evaluator, choose, onnx_features
from tests.onnx_networks import write_network

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("torchmetrics")
fid = pytest.importorskip("torchmetrics.image.fid")
kid = pytest.importorskip("torchmetrics.image.kid")

COUNT = 300


def drawn(seed, brightest):
    """Return images of 6 x 4 pixels with levels below `brightest`, which differ in brightness."""
    random = np.random.default_rng(seed)
    light = random.uniform(0.2, 1, (COUNT, 1, 1, 3))
    return (light * random.integers(0, brightest, (COUNT, 6, 4, 3))).astype(np.uint8)


class Network(torch.nn.Module):
    """The network of the file, as torchmetrics takes one."""

    def __init__(self, features):
        super().__init__()
        self.features = features
        self.num_features = features.width

    def forward(self, images):
        return torch.from_numpy(self.features(images.permute(0, 2, 3, 1).numpy()))


@pytest.fixture
def figures(tmp_path, monkeypatch):
    """Return an evaluation, and a function that gives torchmetrics' value by the same network."""
    monkeypatch.setenv("GANKIT_HOME", str(tmp_path))
    weights = np.random.default_rng(3).standard_normal((3, 5)).astype(np.float32) / 50
    features = onnx_features(write_network(tmp_path / "a.onnx", weights=weights))
    real, made = drawn(0, 256), drawn(1, 200)

    def computed(metric):
        metric.set_dtype(torch.float64)
        for images, is_real in ((real, True), (made, False)):
            metric.update(torch.from_numpy(images).permute(0, 3, 1, 2), real=is_real)
        return metric.compute()

    return Evaluator(choose(real, "real"), features)(made), lambda kind, **settings: computed(
        kind(feature=Network(features), **settings)
    )


def test_the_frechet_distance_is_that_of_torchmetrics(figures):
    found, other = figures
    assert found.frechet > 0.1
    assert found.frechet == pytest.approx(float(other(fid.FrechetInceptionDistance)), rel=1e-6)


@pytest.mark.filterwarnings("ignore:Metric .* will save all extracted features:UserWarning")
def test_the_kernel_distance_is_that_of_torchmetrics(figures):
    found, other = figures
    mean, _ = other(kid.KernelInceptionDistance, subsets=1, subset_size=COUNT)
    assert found.kernel_all > 0.01
    assert found.kernel_all == pytest.approx(float(mean), rel=1e-9)
