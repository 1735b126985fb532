"""A page that makes a run's images: what is in it, and what is refused."""

from __future__ import annotations

import base64
import dataclasses
import json

import numpy as np
import pytest

import gankit
from gankit.codes import Code
from gankit.conditions import Condition
from gankit.errors import ConfigError, Diverged, ExitCode, UnknownName
from gankit.launch.run import Run
from gankit.layers import (
    BatchNorm,
    Concat,
    Conv,
    Dense,
    Embedding,
    Flatten,
    Reshape,
    Residual,
    Tanh,
    Upsample,
)
from gankit.optimizers import Average
from gankit.passes import FurtherNetwork
from gankit.recipes import recipes
from gankit.report import explorer, render, render_explorer
from gankit.report.explorer import explored, payload
from gankit.report.explorer_inputs import conditions
from gankit.report.latent_directions import principal_directions
from gankit.terms import Term
from tests.explorer_runs import STATIC, any_directions, any_sources, run_of_recipe, run_of_spec

REFUSED = {"sn-dcgan": r"takes \d+\.\d MB of the page; expected at most"}
"""The recipes without a page, as docs/exploring.md says, and why."""
LINEAR = Dense(12), Reshape((3, 4, 1))
THERE = (Upsample(2), Conv(3, 3, padding=1), Tanh()), (6, 8, 3)
AND_BACK = {
    "source": "unpaired",
    "source_shape": (3, 4, 1),
    "inputs": ("source",),
    "classes": 0,
    "networks": {
        "back": FurtherNetwork("generator", (Conv(1, 4, 2, 1), Tanh())),
        "critic": FurtherNetwork("discriminator", (Flatten(), Dense(1))),
    },
    "passes": {"returned": "back(real)", "again": "back(fake)"},
    "terms": (
        Term("l1", "again", "source"),
        Term("adversarial", by="critic", real=("source",), fake=("returned",)),
    ),
}
"""Two networks that make images of images, of sources and of images twice as large."""
BLOCK = (
    Dense(36),
    Reshape((3, 4, 3)),
    Residual((Conv(3, 1, spectral=True),), shortcut=(BatchNorm(0.9, 1e-3),)),
    Conv(1, 1),
)


def numbers(array):
    data = np.frombuffer(base64.b64decode(array["data"]), "<f4")
    return data.reshape(array["shape"])


@pytest.fixture
def no_directions(monkeypatch):
    """Skip the search for directions, which makes many images."""
    monkeypatch.setattr(explorer, "principal_directions", any_directions)


@pytest.fixture
def given_sources(monkeypatch):
    """Give sources to runs without a data set."""
    monkeypatch.setattr(explorer, "page_sources", any_sources)


@pytest.mark.usefixtures("no_directions", "given_sources")
@pytest.mark.parametrize("name", [recipe.name for recipe in recipes()])
def test_a_recipe_fits_into_a_page_or_says_how_large_it_would_be(name):
    run = run_of_recipe(name)
    if name in REFUSED:
        with pytest.raises(ConfigError, match=REFUSED[name]):
            payload(run)
    else:
        assert len(json.dumps(payload(run))) < 9_100_000


def test_a_too_large_generator_is_refused_before_any_image_is_made(monkeypatch):
    run = run_of_spec(LINEAR, (3, 4, 1))
    monkeypatch.setattr(explorer, "principal_directions", None)
    with pytest.raises(ConfigError, match="leave out --explore") as refused:
        payload(run, most=300)
    assert refused.value.exit_code == ExitCode.USAGE
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("run", [None, "runs/small"])
def test_a_page_of_no_run_is_refused(run):
    with pytest.raises(ConfigError, match=r"run: got .*; expected a run, such as gankit\.load"):
        render_explorer(run, title="Digits")


def test_a_native_generator_is_refused():
    run = run_of_spec(LINEAR, (3, 4, 1))
    native = Run(dataclasses.replace(run.problem, generator=object()), run.trainer, 0, run.history)
    with pytest.raises(ConfigError, match="native"):
        payload(native)


def test_a_generator_whose_images_are_not_finite_is_refused():
    run = run_of_spec(LINEAR, (3, 4, 1))
    weights = run.generator.weights()
    run.generator.load_weights(weights | {"0.bias": np.full(12, np.nan)})
    with pytest.raises(Diverged, match="not finite"):
        payload(run)


def test_a_page_has_the_weights_by_layer_and_role():
    run = run_of_spec((Embedding(2), Dense(4, bias=False), Tanh(), Reshape((2, 2, 1))), (2, 2, 1))
    told, weights = json.loads(json.dumps(payload(run))), run.generator.weights()
    assert [layer["layer"] for layer in told["layers"]] == ["embedding", "dense", "tanh", "reshape"]
    assert [list(layer["weights"]) for layer in told["layers"]] == [
        ["embedding"],
        ["kernel"],
        [],
        [],
    ]
    np.testing.assert_array_equal(
        numbers(told["layers"][1]["weights"]["kernel"]), weights["1.kernel"].astype(np.float32)
    )
    assert (told["latent"], told["shape"], told["classes"]) == (5, [2, 2, 1], 3)
    assert told["names"] == ["0", "1", "2"]


def test_names_of_classes_are_those_given():
    run = run_of_spec((Embedding(2), Dense(12), Reshape((3, 4, 1))), (3, 4, 1))
    assert payload(run, ("boot", "bag", "coat"))["names"] == ["boot", "bag", "coat"]


def test_an_unconditional_generator_has_no_classes():
    told = payload(run_of_spec(LINEAR, (3, 4, 1)), ("boot", "bag", "coat"))
    assert (told["classes"], told["names"]) == (0, [])


def test_a_page_has_the_codes_and_directions_of_the_normal_columns_alone():
    codes = (Code("kind", "categorical", 3), Code("slant", "uniform"))
    run = run_of_spec(LINEAR, (3, 4, 1), codes=codes)
    told = payload(run)
    assert told["latent"] == 5
    assert told["codes"] == [
        {"name": "kind", "kind": "categorical", "size": 3, "reach": 1.0},
        {"name": "slant", "kind": "uniform", "size": 1, "reach": 2.0},
    ]
    kernel = run.generator.weights()["0.kernel"][:5]
    wanted = np.linalg.svd(kernel)[0].T
    found = numbers(told["directions"])
    np.testing.assert_allclose(np.abs(found), np.abs(wanted), atol=1e-3)


@pytest.mark.parametrize(
    ("low", "high", "slider"),
    [
        (-45, 45, {"low": -45, "high": 45, "step": 1, "start": 0, "digits": 0}),
        (1.2, 3.6, {"low": 1.2, "high": 3.6, "step": 0.05, "start": 2.4, "digits": 2}),
        (-0.0123, 0.4, {"low": -0.015, "high": 0.4, "step": 0.005, "start": 0.195, "digits": 3}),
        (1990, 2020.5, {"low": 1990, "high": 2020.5, "step": 0.5, "start": 2005.0, "digits": 1}),
        (7, 7, None),
    ],
)
def test_the_slider_of_a_condition_has_short_numbers_over_its_range(low, high, slider):
    columns = (Condition("angle", low, high), Condition("serif", 0, 1, binary=True))
    generator = (Embedding(2), Dense(12), Reshape((3, 4, 1)))
    run = run_of_spec(generator, (3, 4, 1), classes=0, conditions=columns)
    found = conditions(run.problem)
    assert found[0]["slider"] == slider
    assert found[1] == {"name": "serif", "low": 0, "high": 1, "binary": True, "slider": None}


@pytest.mark.usefixtures("given_sources")
def test_a_page_has_sources_and_directions_of_the_noise_beside_them():
    generator = (Reshape((12,)), Concat(1), Dense(12), Reshape((3, 4, 1)))
    beside = {"source": "paired", "source_shape": (4, 3, 1), "inputs": ("source", "noise")}
    run = run_of_spec(generator, (3, 4, 1), **beside)
    told = payload(run)
    assert (told["inputs"], told["latent"], told["source"]["shape"]) == (
        ["source", "noise"],
        5,
        [4, 3, 1],
    )
    levels = [np.frombuffer(base64.b64decode(x), np.uint8) for x in told["source"]["pictures"]]
    np.testing.assert_array_equal(np.stack(levels).reshape(12, 4, 3, 1), any_sources(run))
    wanted = np.linalg.svd(run.generator.weights()["2.kernel"][12:])[0].T
    np.testing.assert_allclose(np.abs(numbers(told["directions"])), np.abs(wanted), atol=1e-3)


@pytest.mark.usefixtures("given_sources")
def test_a_network_back_has_its_own_shapes_and_weights():
    run = run_of_spec(*THERE, **AND_BACK)
    assert explored(run) == ["generator", "back"]
    assert explored(run, "back") == ["back"]
    told = payload(run, network="back")
    assert (told["network"], told["inputs"], told["shape"]) == ("back", ["source"], [3, 4, 1])
    assert told["source"]["shape"] == [6, 8, 3]
    assert (told["latent"], told["shares"], told["codes"]) == (0, [], [])
    kernel = run.networks["back"].weights()["0.kernel"].astype(np.float32)
    np.testing.assert_array_equal(numbers(told["layers"][0]["weights"]["kernel"]), kernel)
    assert payload(run)["network"] == ""


def test_other_networks_are_not_explored():
    run = run_of_spec(*THERE, **AND_BACK)
    for name in ("critic", "discriminator", "bakc"):
        with pytest.raises(UnknownName, match=f"unknown network of images '{name}'; known: back, "):
            explored(run, name)
    assert explored(run_of_spec(LINEAR, (3, 4, 1))) == ["generator"]


@pytest.mark.usefixtures("given_sources")
def test_a_too_large_network_is_named():
    run = run_of_spec(*THERE, **AND_BACK)
    with pytest.raises(ConfigError, match=r"the network 'back' takes 0.0 MB of the page; expected"):
        payload(run, network="back", most=100)


def test_the_networks_of_a_run_share_the_bytes_of_a_page(tmp_path, monkeypatch):
    run = gankit.train(
        "cyclegan", backend="numpy", dataset="glyphs", batch=2, steps=1, out=tmp_path / "run"
    )
    size = explorer.weight_bytes(run.problem, "generator")
    monkeypatch.setattr(explorer, "MOST_WEIGHT_BYTES", int(1.5 * size))
    with pytest.raises(ConfigError, match=r"'to_source' takes .*; include one alone with --net"):
        render([run.folder], explore=True)
    assert "explore-pane" in render([run.folder], explore=True, network="to_source")


@pytest.mark.usefixtures("given_sources")
def test_a_generator_of_sources_alone_has_no_directions():
    alone = {"source": "paired", "source_shape": (3, 4, 1), "inputs": ("source",)}
    told = payload(run_of_spec((Conv(1, 1), Tanh()), (3, 4, 1), **alone))
    assert (told["latent"], told["shares"], told["directions"]["shape"]) == (0, [], [0, 0])


def test_normalisation_is_folded_into_the_weights():
    run = run_of_spec(BLOCK, (3, 4, 1))
    block, w = payload(run)["layers"][2], run.generator.weights()
    kernel = w["2.layers.0.kernel"]
    sigma = np.linalg.norm(kernel.reshape(3, 3) @ w["2.layers.0.kernel_u"])
    inside, shortcut = block["layers"][0]["weights"], block["shortcut"][0]["weights"]
    np.testing.assert_allclose(numbers(inside["kernel"]), kernel / sigma, rtol=1e-6)
    assert set(inside) == {"kernel", "bias"}
    gamma, beta, mean, variance = (
        w[f"2.shortcut.0.{role}"] for role in ("gamma", "beta", "mean", "variance")
    )
    x = np.linspace(-3, 3, 3)
    wanted = gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta
    made = x * numbers(shortcut["scale"]) + numbers(shortcut["shift"])
    np.testing.assert_allclose(made, wanted, atol=1e-6)
    assert set(shortcut) == {"scale", "shift"}


def test_the_average_is_used_if_there_is_one():
    run = run_of_spec(LINEAR, (3, 4, 1), average=Average(half_life=10.0))
    kernel = numbers(payload(run)["layers"][0]["weights"]["kernel"])
    np.testing.assert_array_equal(kernel, run.trainer.average.weights()["0.kernel"])
    assert (kernel != run.trainer.generator.weights()["0.kernel"]).any()


def test_directions_of_a_linear_generator_are_its_singular_vectors():
    run = run_of_spec(LINEAR, (3, 4, 1))
    left, singular, _ = np.linalg.svd(run.generator.weights()["0.kernel"].astype(np.float64))
    found = principal_directions(run, 3)
    np.testing.assert_allclose(np.abs((found.vectors * left.T[:3]).sum(1)), 1, atol=1e-4)
    np.testing.assert_allclose(found.shares, (singular**2 / (singular**2).sum())[:3], rtol=1e-3)


def test_directions_are_orthonormal_and_the_same_each_time():
    run = run_of_spec(
        (Embedding(2), Dense(12), Tanh(), Dense(12), Tanh(), Reshape((3, 4, 1))), (3, 4, 1)
    )
    first, again = principal_directions(run, 4), principal_directions(run, 4)
    np.testing.assert_array_equal(first.vectors, again.vectors)
    np.testing.assert_allclose(first.vectors @ first.vectors.T, np.eye(4), atol=1e-12)
    assert (np.diff(first.shares) <= 0).all()
    assert 0 < first.shares.sum() <= 1


def test_the_largest_entry_of_a_direction_is_positive():
    vectors = principal_directions(run_of_spec(LINEAR, (3, 4, 1)), 5).vectors
    assert (vectors.max(1) >= -vectors.min(1)).all()


def test_there_are_at_most_as_many_directions_as_latent_dimensions():
    told = payload(run_of_spec(LINEAR, (3, 4, 1), latent=2))
    assert told["directions"]["shape"] == [2, 2]
    assert len(told["shares"]) == 2


def test_every_file_of_the_explorer_is_in_the_page():
    named = {*explorer.STYLES, *explorer.SCRIPTS}
    assert {f"explorer/{path.name}" for path in (STATIC / "explorer").iterdir()} == named
