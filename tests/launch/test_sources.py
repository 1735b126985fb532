"""Runs with sources: trained, resumed, moved, evaluated, translated, saved and refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

import gankit
from gankit.callbacks import Live
from gankit.data.derived_sources import derived
from gankit.errors import ConfigError, DataError
from gankit.layers import Concat, Conv, Dense, Flatten, LeakyReLU, Reshape, Tanh
from gankit.terms import Term
from gankit.visual.images import write_png

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (40, 12, 12, 1), np.uint8)
GENERATOR = (Conv(4, 3, padding=1), LeakyReLU(), Concat("@0"), Conv(1, 1), Tanh())
DISCRIMINATOR = (Concat(1), Conv(4, 4, 2, 1), LeakyReLU(), Conv(1, 3))
WORDS = {
    "latent": 1,
    "batch": 8,
    "backend": "numpy",
    "progress": False,
    "source": "paired",
    "source_images": "edges",
    "inputs": "source",
    "sees": {"real": ("real", "source"), "fake": ("fake", "source")},
    "terms": Term("l1", "fake", "real", weight=10.0),
}
pytestmark = pytest.mark.filterwarnings("ignore::gankit.callbacks.HealthWarning")


def fit(steps=4, **changes):
    words = WORDS | changes
    return gankit.fit(IMAGES, GENERATOR, DISCRIMINATOR, steps=steps, **words)


def test_a_resumed_run_is_exact_and_draws_grids(tmp_path):
    whole = fit(out=tmp_path / "whole")
    fit(2, out=tmp_path / "parts")
    parts = fit(out=tmp_path / "parts", resume=True)
    for name, array in whole.trainer.state().items():
        np.testing.assert_array_equal(parts.trainer.state()[name], array)
    assert [*(tmp_path / "whole" / "samples").iterdir()]
    assert whole.history.terms.keys() == {"generator/fake-real"}


def test_other_sources_are_not_those_of_the_run(tmp_path):
    given = derived(IMAGES, "edges")
    fit(2, out=tmp_path / "run", source_images=given)
    with pytest.raises(ConfigError, match=r"images"):
        fit(out=tmp_path / "run", source_images=255 - given, resume=True)
    again = fit(out=tmp_path / "run", source_images=given, resume=True)
    assert again.step == 4


def test_a_run_translates_its_own_sources_and_others():
    run = fit()
    edges = derived(IMAGES, "edges")
    wanted = run.generator(run.problem.scale(edges[:3]))
    np.testing.assert_array_equal(run.translate(edges[:3]), wanted)
    np.testing.assert_array_equal(run.translate(IMAGES[:3], derive=True), wanted)
    np.testing.assert_array_equal(run.sample(3), wanted)
    assert run.sample(50).shape == (50, 12, 12, 1)
    assert "gankit run" in run._repr_html_()


def test_real_sources_are_in_the_range_of_fit_whatever_else_is_in_the_call():
    run = fit()
    edges = derived(IMAGES, "edges")[:3]
    reals = np.where(edges > 0, 1.0, 0.0)
    wanted = run.generator(run.problem.scale(reals))
    np.testing.assert_array_equal(run.translate(reals), wanted)
    np.testing.assert_array_equal(run.translate(np.concatenate([reals, -reals]))[:3], wanted)
    levels = run.problem.scale(IMAGES[:3])
    np.testing.assert_array_equal(
        run.translate(levels, derive=True), run.generator(run.problem.scale(edges))
    )
    with pytest.raises(ConfigError, match=r"from 7 to 7; expected uint8, .* or real numbers"):
        run.translate(np.full((1, 12, 12, 1), 7.0))


def test_a_loaded_run_needs_sources(tmp_path):
    fit(out=tmp_path / "run")
    run = gankit.load(tmp_path / "run")
    with pytest.raises(ConfigError, match=r"run.translate"):
        run.sample(3)
    with pytest.raises(ConfigError, match=r"run.translate"):
        run.interpolate([1, 2])
    said = r"got images of 4x12x1; expected 12x12x1, which the run takes; give a folder"
    with pytest.raises(ConfigError, match=said):
        run.translate(IMAGES[:, :4])
    np.save(tmp_path / "small.npy", IMAGES[:, :4])
    with pytest.raises(DataError, match=rf"small.npy: {said}"):
        run.translate(tmp_path / "small.npy")
    assert run.translate(IMAGES[:3], derive=True).shape == (3, 12, 12, 1)
    assert "gankit run" in run._repr_html_()


def test_an_evaluation_has_the_likeness_to_the_true_images():
    found = fit().evaluate(n=20, progress=False)
    assert 0 < found.psnr < 30
    assert -1 <= found.ssim <= 1
    assert found.samples == 20


def test_a_run_of_noise_translates_nothing():
    plain = gankit.fit(
        IMAGES,
        (Dense(144), Reshape((12, 12, 1))),
        (Flatten(), Dense(1)),
        latent=2,
        steps=1,
        backend="numpy",
        progress=False,
    )
    with pytest.raises(ConfigError, match=r"takes noise, not source images"):
        plain.translate(IMAGES[:2])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"source": None}, "source_images: got a value without source"),
        ({"source_images": None}, "without source_images; give both"),
        ({"source_images": "edge"}, "edge"),
        ({"source_images": IMAGES[:7]}, "source_images: got 7; expected 40, one for each"),
    ],
)
def test_sources_that_do_not_fit_are_refused(changes, said):
    with pytest.raises(ConfigError, match=said):
        fit(**changes)


@pytest.fixture
def folders(tmp_path):
    """Return the folders A and B, of sources and of images, with equal names."""
    for name, images in (("A", 255 - IMAGES), ("B", IMAGES)):
        for number, image in enumerate(images[:12]):
            path = tmp_path / name / f"{number}.png"
            path.parent.mkdir(exist_ok=True)
            write_png(path, image[..., 0])
    return tmp_path / "A", tmp_path / "B"


def recipe(**changes):
    network = {"optimizer": {"optimizer": "sgd", "learning_rate": 0.1}}
    layers = [{"layer": "conv", "filters": 1, "kernel": 3, "padding": 1}]
    critic = [{"layer": "flatten"}, {"layer": "dense", "units": 1}]
    return {
        "source": "paired",
        "source_shape": [12, 12, 1],
        "latent": 1,
        "loss": "hinge",
        "batch": 4,
        "generator": network | {"layers": layers, "inputs": ["source"]},
        "discriminator": network | {"layers": critic},
        "backend": "numpy",
        "progress": False,
        "steps": 1,
    } | changes


def test_paired_folders_have_equal_names(folders):
    sources, images = folders
    run = gankit.train("simple", **recipe(dataset=str(images), source_images=str(sources)))
    np.testing.assert_array_equal(run.plan.data.sources, 255 - run.plan.data.images)
    (sources / "3.png").rename(sources / "33.png")
    with pytest.raises(DataError, match=r"expected the same file names in both folders"):
        gankit.train("simple", **recipe(dataset=str(images), source_images=str(sources)))
    (sources / "33.png").unlink()
    with pytest.raises(DataError, match=r"paired sources are one for each image"):
        gankit.train("simple", **recipe(dataset=str(images), source_images=str(sources)))


def test_a_run_finds_its_sources_from_another_folder_and_after_a_move(
    folders, tmp_path, monkeypatch
):
    sources, images = folders
    monkeypatch.chdir(tmp_path)
    given = recipe(dataset=f"./{images.name}", source_images=f"./{sources.name}")
    gankit.train("simple", **given, out=tmp_path / "run")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    gankit.train(out=tmp_path / "run", resume=True, steps=2, progress=False)
    sources.rename(tmp_path / "moved")
    moved = {"source_images": str(tmp_path / "moved"), "steps": 3, "progress": False}
    run = gankit.train(out=tmp_path / "run", resume=True, **moved)
    assert run.step == 3
    for other in ("edges", str(images)):
        with pytest.raises(ConfigError, match="trained on other images or sources than"):
            gankit.train(out=tmp_path / "run", resume=True, **moved | {"source_images": other})


def test_unpaired_sources_are_another_data_set(folders):
    sources, images = folders
    (sources / "3.png").unlink()
    words = recipe(source="unpaired", dataset=str(images), source_images=str(sources))
    run = gankit.train("simple", **words)
    assert len(run.plan.data.sources) == 11
    assert run.evaluate(n=6, progress=False).psnr is None


def test_a_source_of_another_shape_is_refused(folders):
    _, images = folders
    words = recipe(dataset=str(images), source_images="shrunk")
    with pytest.raises(ConfigError, match=r"source_shape: got .*12, 12, 1.*; expected .*3, 3, 1"):
        gankit.train("simple", **words)


def test_settings_without_each_other_are_refused():
    with pytest.raises(ConfigError, match=r"source: got 'paired' without source_images"):
        gankit.train("simple", source="paired", backend="numpy", progress=False)


def test_a_run_moves_between_backends(tmp_path):
    pytest.importorskip("torch")
    runs = [
        fit(precision="float64", backend=name, out=tmp_path / name) for name in ("numpy", "torch")
    ]
    first, second = (run.trainer.state() for run in runs)
    for name, array in first.items():
        np.testing.assert_allclose(second[name], array, rtol=0, atol=1e-9)
    resumed = fit(6, precision="float64", backend="torch", out=tmp_path / "numpy", resume=True)
    other = fit(6, precision="float64")
    for name, array in other.trainer.state().items():
        np.testing.assert_allclose(resumed.trainer.state()[name], array, rtol=0, atol=1e-9)
    manifests = sorted((tmp_path / "numpy" / "checkpoints").glob("*/manifest.json"))
    assert json.loads(manifests[-1].read_text("utf-8"))


def test_a_notebook_shows_the_losses_of_a_run_with_sources_without_images():
    shown = []
    fit(callbacks=Live(show=shown.append))
    assert shown
    assert "Images after" not in shown[-1]
