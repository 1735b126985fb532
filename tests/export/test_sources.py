"""Exports of a generator that takes sources: a named input, in every format."""

from __future__ import annotations

import numpy as np
import pytest

import gankit
from gankit.export import export, read
from gankit.layers import Concat, Conv, Dense, Flatten, InstanceNorm, LeakyReLU, Reshape, Tanh
from tests.selection import selected

FORMATS = {
    "safetensors": "numpy",
    "onnx": "torch",
    "torchscript": "torch",
    "keras": "keras",
}
IMAGES = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 1), np.uint8)
GENERATORS = {
    "source": (
        Conv(4, 4, 2, 1),
        LeakyReLU(),
        Conv(4, 3, padding=1),
        InstanceNorm(),
        Concat("@1"),
        Flatten(),
        Dense(64),
        Tanh(),
        Reshape((8, 8, 1)),
    ),
    "noise, source": (Dense(64), Reshape((8, 8, 1)), Concat(1), Conv(1, 3, padding=1), Tanh()),
}


@pytest.fixture(params=GENERATORS, scope="module")
def run(request, tmp_path_factory):
    """Return a short run whose generator takes sources, or noise and sources."""
    return gankit.fit(
        IMAGES,
        GENERATORS[request.param],
        (Flatten(), Dense(1)),
        latent=3,
        steps=2,
        batch=4,
        backend="numpy",
        source="paired",
        source_images="edges",
        inputs=request.param.split(", "),
        out=tmp_path_factory.mktemp("run") / "run",
        progress=False,
    )


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_has_the_inputs_by_their_names(name, run, tmp_path):
    if not selected(FORMATS[name]):
        pytest.skip(f"{FORMATS[name]} is not among the backends to test")
    suffix = "pt" if name == "torchscript" else name
    done = export(run.folder, name, tmp_path / f"generator.{suffix}", FORMATS[name])
    assert done.difference < 1e-5
    card = done.card.read_text("utf-8")
    assert "| in | `source` | (n, 8, 8, 1) | float32 |" in card
    assert 'inputs["source"] = ' in card
    assert ("| in | `noise` | (n, 3) |" in card) == ("noise" in run.problem.inputs)


def test_a_file_of_arrays_is_called_like_the_generator(run, tmp_path):
    done = export(run.folder, "safetensors", tmp_path / "generator.safetensors", "numpy")
    source = run.problem.scale(IMAGES[:3])
    noise = np.random.default_rng(1).standard_normal((3, run.problem.noise_width))
    inputs = run.problem.generator_inputs(noise.astype(np.float32), source)
    np.testing.assert_array_equal(read(done.path)(inputs), run.generator(inputs))
