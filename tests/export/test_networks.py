"""Exports of networks beside the generator: their inputs and outputs have names."""

from __future__ import annotations

import numpy as np
import pytest

import gankit
from gankit.contract.export_format import ExportedNetwork, exported_network
from gankit.errors import ConfigError, ExitCode
from gankit.export import read, read_named
from gankit.export.safetensors_format import SAFETENSORS
from gankit.layers import Concat, Conv, Dense, Flatten, Reshape, Tanh
from gankit.passes import FurtherNetwork
from gankit.terms import Term
from tests.export.card_snippets import run_snippet

IMAGES = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 1), np.uint8)
GENERATOR = (Dense(64), Tanh(), Reshape((8, 8, 1)))
NETWORKS = {
    "encoder": FurtherNetwork("generator", (Flatten(), Dense(6, spectral=True))),
    "painter": FurtherNetwork("generator", (Conv(2, 3, padding=1), Conv(1, 1), Tanh())),
    "critic": FurtherNetwork("discriminator", (Dense(1),)),
}
PASSES = {"a-code": "encoder(real)", "drawn": "sample(a-code)", "painted": "painter(real)"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a run with networks from images to rows, and to images."""
    return gankit.fit(
        IMAGES, GENERATOR, (Flatten(), Dense(1)), latent=3, steps=2, batch=4, backend="numpy",
        networks=NETWORKS, passes=PASSES, out=tmp_path_factory.mktemp("run") / "run",
        terms=[
            Term("l1", "painted", "real"),
            Term("adversarial", by="critic", real=("noise",), fake=("drawn",)),
        ],
        progress=False,
    )  # fmt: skip


def test_a_network_is_exported_by_its_name(run, command, monkeypatch):
    ended = command("export", run.folder, "--to", "safetensors", "--network", "encoder")
    assert ended.code == ExitCode.OK, ended.err
    path = run.folder / "exports" / "encoder.safetensors"
    assert ended.out == f"{path}\n"
    assert "a_code of 16 inputs differ by at most" in ended.err
    images = run.problem.scale(IMAGES[:3])
    wanted = run.networks["encoder"](images)
    np.testing.assert_allclose(read(path)(images), wanted, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(read_named(path)({"real": images}), read(path)(images))
    text = path.with_name(f"{path.name}.md").read_text("utf-8")
    assert "the network encoder, as safetensors" in text
    assert "| in | `real` | (n, 8, 8, 1) | float32 | from -1 (black) to 1 (white) |" in text
    assert (
        "| out | `a_code` | (n, 6) | float32 | means, then as many logarithms of variances, "
        in text
    )
    assert "## Evaluation" not in text
    assert "Levels from" not in text
    monkeypatch.chdir(path.parent)
    namespace = run_snippet(text)
    assert namespace["a_code"].shape == (16, 6)


def test_a_network_of_images_has_their_shape(run):
    network = exported_network(run.problem, "painter")
    assert (network.parts, network.output) == ({"real": (8, 8, 1)}, "painted")
    assert network.output_shape == (8, 8, 1)


def test_an_unknown_network_is_refused(run, command):
    ended = command("export", run.folder, "--to", "safetensors", "--network", "encodr")
    assert ended.code == ExitCode.USAGE
    known = "critic, discriminator, encoder, generator, painter"
    assert f"unknown network 'encodr'; known: {known}" in ended.err


def test_the_history_has_no_network(run, command):
    ended = command("export", run.folder, "--to", "csv", "--network", "encoder")
    assert ended.code == ExitCode.USAGE
    assert "csv exports the history; --network" in ended.err


def test_a_file_of_arrays_has_any_inputs(tmp_path):
    layers = (Concat(1), Flatten(), Concat(2), Concat(3), Dense(2, bias=False))
    inputs = (
        {"real": (4, 4, 1)},
        {"source": (4, 4, 2)},
        {"noise": (3,), "code_a": (1,)},
        {"b": (2,)},
    )
    network = ExportedNetwork("joined", layers, inputs, "made", (2,))
    weights = {"4.kernel": np.random.default_rng(0).normal(size=(54, 2)).astype(np.float32)}
    SAFETENSORS.write(network, weights, path := tmp_path / "joined.safetensors")
    given = {
        name: np.full((3, *shape), n / 8) for n, (name, shape) in enumerate(network.parts.items())
    }
    images = np.concatenate([given["real"], given["source"]], axis=-1).reshape(3, -1)
    rows = np.concatenate([images, given["noise"], given["code_a"], given["b"]], axis=1)
    np.testing.assert_allclose(read_named(path)(given), rows @ weights["4.kernel"], rtol=1e-5)


def test_names_that_become_one_are_refused():
    changed = gankit.fit(
        IMAGES, GENERATOR, (Flatten(), Dense(1)), latent=6, steps=1, batch=4, backend="numpy",
        networks={"joined": FurtherNetwork("generator", (Concat(1), Conv(1, 1)))}, progress=False,
        passes={"a-b": "generator(noise)", "a_b": "generator(noise)", "c": "joined(a-b, a_b)"},
        terms=Term("l1", "c", "real"),
    )  # fmt: skip
    with pytest.raises(ConfigError, match=r"networks.joined: got a-b, a_b, and it makes c; two of"):
        exported_network(changed.problem, "joined")
