"""Exports of the networks on the discriminator's side: all outputs of their layers."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

import gankit
from gankit import plugins
from gankit.config.layering import config_of, from_recipe
from gankit.contract.export_format import exported_network
from gankit.errors import BackendUnavailable, ConfigError
from gankit.export import export, read
from gankit.export.fold_spectral_norm import folded
from gankit.export.formats import export_of
from gankit.export.verify_subprocess import compared
from gankit.export.write_subprocess import examples, network_of
from gankit.launch.run import Run
from gankit.layers import Concat, Conv, Dense, Flatten, Reshape, Tanh
from gankit.passes import FurtherNetwork
from gankit.recipes import recipes
from gankit.terms import Term
from tests.export.card_snippets import run_snippet
from tests.selection import selected

RECIPES = sorted(recipe.name for recipe in recipes())
OTHER_OUTPUTS = {"acgan": 11, "infogan": 13, "sgan": 11}
"""Recipes whose discriminator makes several columns."""
MAPS = {"colourise": 6, "cyclegan": 3, "inpaint": 6, "pix2pix": 6, "super-resolution": 6}
"""Recipes whose critics make maps of logits, and their sides."""
BY_ONNX = [("cyclegan", "source_critic"), ("sagan", "discriminator")]
"""A map, and a projection under spectral norm; `tests/benchmarks/exports.py` measures all."""
IMAGES = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 1), np.uint8)


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_network_of_a_recipe_is_exported(recipe, tmp_path):
    run = untrained(recipe, "numpy")
    assert {*run.problem.roles} == {"generator", "discriminator", *run.networks}
    for name in run.problem.roles:
        assert difference(run, name, "safetensors", "numpy", tmp_path) < 1e-5, name
    logits = exported_network(run.problem, "discriminator").output_shape
    if recipe in MAPS:
        assert logits == (MAPS[recipe], MAPS[recipe], 1)
    else:
        assert logits == (OTHER_OUTPUTS.get(recipe, 1),)


@pytest.mark.parametrize(("recipe", "name"), BY_ONNX)
@pytest.mark.filterwarnings("ignore")  # Exporters warn about their own code.
def test_a_critic_is_exported_to_onnx(recipe, name, tmp_path):
    if not selected("torch"):
        pytest.skip("torch is not among the backends to test")
    assert difference(untrained(recipe, "torch"), name, "onnx", "torch", tmp_path) < 1e-5


def untrained(recipe, backend):
    """Return a run of a recipe before its first step."""
    config = dataclasses.replace(config_of([from_recipe(recipe)]), classes=10)
    problem = config.problem(config.image_shape, plugins.get_loss(config.loss))
    return Run(problem, plugins.get_backend(backend).trainer(problem), 0, np.zeros((0, 2)), config)


def difference(run, name, to, backend, folder):
    """Write and read a network; return the largest difference."""
    format_, network = (
        export_of(to, plugins.get_backend(backend)),
        exported_network(run.problem, name),
    )
    path = folder / f"{name}{format_.suffix}"
    format_.write(*folded(network, network_of(run, name).weights()), path)
    return compared(format_.read(path), examples(run, network))["difference"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a run with heads, and a second critic that makes a map of a picture and a source."""
    critic = (Concat(1), Conv(2, 3, spectral=True), Tanh(), Conv(1, 1))
    return gankit.fit(
        IMAGES, (Conv(1, 3, padding=1), Tanh()), (Flatten(), Dense(14)), inputs=["source"],
        labels=np.arange(24) % 10, latent=3, steps=2, batch=4, backend="numpy", progress=False,
        source="paired", source_images="edges", heads={"class": 10, "size": 3},
        networks={"critic": FurtherNetwork("discriminator", critic)},
        terms=[
            Term("cross-entropy", "real/class", "label", ("discriminator",)),
            Term("adversarial", by="critic", real=("real", "source"), fake=("fake", "source")),
        ],
        out=tmp_path_factory.mktemp("run") / "run",
    )  # fmt: skip


def test_a_discriminator_is_exported_with_its_heads(run, command, monkeypatch):
    (run.folder / "classes.json").write_text(json.dumps([f"digit {n}" for n in range(10)]), "utf-8")
    ended = command("export", run.folder, "--to", "safetensors", "--network", "discriminator")
    assert ended.code == 0, ended.err
    path = run.folder / "exports" / "discriminator.safetensors"
    assert ended.out == f"{path}\n"
    assert "logits of 16 inputs differ by at most" in ended.err
    images = run.problem.scale(IMAGES)
    made, trained = read(path)(images), run.trainer.discriminator
    assert made.shape == (24, 14)
    np.testing.assert_allclose(made[:, 0], trained(images), atol=1e-6)
    np.testing.assert_allclose(made[:, 1:11], trained.classify(images), atol=1e-6)
    np.testing.assert_allclose(made[:, 11:], trained.classify(images, "size"), atol=1e-6)
    text = path.with_name(f"{path.name}.md").read_text("utf-8")
    assert "a discriminator, as safetensors" in text
    assert "| in | `real` | (n, 8, 8, 1) | float32 | from -1 (black) to 1 (white) |" in text
    assert (
        "| out | `logits` | (n, 14) | float32 | column 0 is the logit: high for real, low for "
        "generated; columns 1 to 10 are the head `class`; columns 11 to 13 are the head `size` |"
    ) in text
    assert "The classes: 0 digit 0, 1 digit 1" in text
    assert "does not detect generated images of other origin" in text
    assert "Levels from" not in text
    monkeypatch.chdir(path.parent)
    namespace = run_snippet(text)
    assert namespace["logits"].shape == (16, 14)


def test_a_critic_is_exported_with_its_map(run):
    done = export(run.folder, "safetensors", network="critic")
    images = run.problem.scale(IMAGES)
    pair = (images, images[::-1])
    made = read(done.path)(pair)
    assert made.shape == (24, 6, 6, 1)
    np.testing.assert_allclose(made.mean((1, 2, 3)), run.networks["critic"](pair), atol=1e-6)
    assert made.std(axis=(1, 2)).min() > 0
    assert list(done.inputs) == ["real", "source"]
    card = done.card.read_text("utf-8")
    assert (
        "| out | `logits` | (n, 6, 6, 1) | float32 | a logit for each part: high for real" in card
    )
    assert "Levels from" not in card


def test_other_logits_than_the_weights_make_are_refused(run):
    class Wrong:
        def __call__(self, images, _):
            return run.trainer.discriminator(images) + 0.01

        def weights(self):
            return run.trainer.discriminator.weights()

    class Trainer:
        generator, average, discriminator = run.trainer.generator, None, Wrong()

    wrong = dataclasses.replace(run, trainer=Trainer())
    with pytest.raises(BackendUnavailable, match="logits of the run's discriminator: got a differ"):
        examples(wrong, exported_network(run.problem, "discriminator"))


def test_two_values_of_one_name_are_refused_for_a_critic():
    terms = Term("adversarial", by="critic", real=("a-b", "a_b"), fake=("a_b", "a-b"))
    run = gankit.fit(
        IMAGES, (Dense(64), Tanh(), Reshape((8, 8, 1))), (Flatten(), Dense(1)), latent=6, steps=1,
        batch=4, backend="numpy", progress=False, terms=terms,
        networks={
            "encoder": FurtherNetwork("generator", (Flatten(), Dense(6))),
            "critic": FurtherNetwork("discriminator", (Concat(1), Dense(1))),
        },
        passes={"a-b": "encoder(real)", "a_b": "encoder(fake)"},
    )  # fmt: skip
    with pytest.raises(ConfigError, match=r"networks.critic: got a-b, a_b, and it makes logits"):
        exported_network(run.problem, "critic")
