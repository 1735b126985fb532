"""The generators that gankit ships: their files, images, and where their names are taken."""

from __future__ import annotations

import hashlib
import json
from importlib import resources

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit.cli import main
from gankit.config.layering import config_of, from_recipe
from gankit.errors import ConfigError, UnknownName
from gankit.export import read
from gankit.pretrained import NAMES
from gankit.pretrained.shipped import find
from gankit.runs import RunFolder

FOLDER = resources.files(gankit.pretrained)
SMALL = {"steps": 1, "batch": 2, "backend": "numpy", "progress": False}
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 28, 28, 1), np.uint8)
LABELS = np.arange(20) % 10


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_small_and_its_card_has_its_digest(name):
    content = FOLDER.joinpath(f"{name}.safetensors").read_bytes()
    card = FOLDER.joinpath(f"{name}.md").read_text("utf-8")
    assert len(content) < 3_000_000
    assert hashlib.sha256(content).hexdigest() in card
    assert "float16" in card


@pytest.mark.parametrize("name", NAMES)
def test_it_is_the_generator_of_todays_recipe(name):
    config = find(f"pretrained:{name}").config
    assert config.generator.layers == config_of([from_recipe(name)]).generator.layers


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_an_export_that_makes_the_same_images(name):
    run = gankit.load(f"pretrained:{name}")
    noise = np.random.default_rng(0).standard_normal((4, run.problem.latent), np.float32)
    labels = np.arange(4)
    with resources.as_file(FOLDER.joinpath(f"{name}.safetensors")) as path:
        np.testing.assert_allclose(
            read(path)(noise, labels), run.generator(noise, labels), rtol=0, atol=1e-6
        )


def test_digits_are_of_their_classes():
    """Ink of a 1 is narrow, of a 0 around an empty middle: crude, but it needs no classifier."""
    run = gankit.load("pretrained:digits")
    ink = (run.sample(400, labels=np.repeat([0, 1], 200))[..., 0] + 1) / 2
    middle = ink[:, 12:16, 12:16].mean(axis=(1, 2))
    assert middle[:200].mean() < 0.25 < 0.5 < middle[200:].mean()
    assert ink[:200].mean() > 1.5 * ink[200:].mean()


def test_one_is_sampled_without_a_run(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["sample", "--pretrained", "digits", "-n", "4", "--out", str(tmp_path / "x.png")])
    assert not ended.value.code, capsys.readouterr().err
    assert Image.open(tmp_path / "x.png").getbbox()


def test_its_text_takes_the_place_of_a_run(tmp_path):
    out = tmp_path / "x.npy"
    with pytest.raises(SystemExit) as ended:
        main(["sample", "pretrained:digits", "--class", "3", "-n", "2", "--out", str(out)])
    assert not ended.value.code
    wanted = gankit.load("pretrained:digits").sample(2, labels=3)
    np.testing.assert_array_equal(np.load(out), wanted)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "RUN: got none; expected the folder of a run, or --pretrained NAME"),
        (("run", "--pretrained", "digits"), "RUN: got run and --pretrained digits; give one"),
        (
            ("pretrained:digit",),
            "unknown pretrained generator 'digit'; known: digits (did you mean",
        ),
        (("--pretrained", "digits", "--best"), "has one checkpoint; leave out --best"),
        (("--pretrained", "digits", "--training"), "shows saved grids; remove --pretrained"),
    ],
)
def test_a_wrong_request_is_refused_in_a_line(words, said, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["sample", *words])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_run_begins_with_it(tmp_path):
    run = gankit.train(
        out=tmp_path / "run",
        init_from="pretrained:digits",
        dataset=(IMAGES, LABELS),
        **SMALL,
    )
    shipped = find("pretrained:digits")
    record = json.loads(RunFolder(tmp_path / "run").environment.read_text())["init_from"]
    assert record["run"] == "pretrained:digits"
    assert record["digest"] == shipped.digest
    assert record["fresh"] == []
    moved = run.trainer.state()["generator/1.kernel"] - shipped.weights["1.kernel"]
    assert 0 < np.abs(moved).max() < 0.01  # One step of Adam at 8e-4.
    assert run.config.recipe == "digits"
    again = gankit.train(
        out=tmp_path / "run",
        resume=True,
        init_from="pretrained:digits",
        dataset=(IMAGES, LABELS),
        **SMALL | {"steps": 2},
    )
    assert again.step == 2


def test_its_discriminator_cannot_be_loaded():
    with pytest.raises(
        ConfigError, match="pretrained:digits has one network; expected 'generator'"
    ):
        gankit.train(
            init_from="pretrained:digits", init_networks="both", dataset=(IMAGES, LABELS), **SMALL
        )


def test_an_unknown_name_is_refused():
    with pytest.raises(UnknownName, match="unknown pretrained generator 'faces'; known: digits"):
        gankit.load("pretrained:faces")


def test_a_folder_of_that_name_is_a_run_by_its_whole_path(tmp_path):
    folder = tmp_path / "pretrained:mine"
    folder.mkdir()
    with pytest.raises(gankit.GankitError, match="it has no config"):
        gankit.load(folder)


@pytest.mark.parametrize("command", ["evaluate", "report", "export --to onnx", "plot"])
def test_commands_that_need_a_folder_say_so(command, capsys):
    name, *words = command.split()
    with pytest.raises(SystemExit) as ended:
        main([name, "pretrained:digits", *words])
    assert ended.value.code == 2
    said = "pretrained:digits is a generator, and this needs the folder of a run; gankit sample"
    assert said in capsys.readouterr().err


def test_no_run_is_written_into_a_folder_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="out: got pretrained:mine; a name with this beginning"):
        gankit.train("simple", dataset=IMAGES, out="pretrained:mine", **SMALL)
    assert not list(tmp_path.iterdir())
