"""Names that a person types: of data sets, recipes, backends, losses, formats."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from gankit import plugins
from gankit.errors import ExitCode, UnknownName, known_name
from gankit.export.formats import choose
from gankit.recipes import recipe

SHORT = ("--steps", "2", "--batch", "4")


def test_upper_case_hyphens_and_underscores_make_no_difference():
    assert known_name("Fashion_MNIST", ["mnist", "fashion-mnist"]) == "fashion-mnist"
    assert known_name("mine", ["Mine", "mine"]) == "mine"
    assert known_name("MINE", ["Mine", "mine"]) is None


@pytest.mark.parametrize(
    ("find", "typed", "name"),
    [
        (plugins.get_dataset, "FashionMNIST", "fashion-mnist"),
        (plugins.get_backend, "NumPy", "numpy"),
        (plugins.get_loss, "least_squares", "least-squares"),
        (recipe, "DCGAN", "dcgan"),
        (lambda name: choose(name, "numpy"), "SafeTensors", "safetensors"),
    ],
    ids=["data set", "backend", "loss", "recipe", "format"],
)
def test_a_name_is_found_in_any_spelling(find, typed, name):
    assert find(typed).name == name


@pytest.mark.usefixtures("machine")
def test_a_run_records_the_canonical_names(command):
    options = "--recipe Simple --backend NumPy --dataset GLYPHS --set loss=Least_Squares"
    ended = command("train", *options.split(), *SHORT, "--out", "run")
    assert ended.code == 0, ended.err
    said = tomllib.loads(Path("run/config.toml").read_text())
    names = [said[name] for name in ("recipe", "backend", "dataset", "loss")]
    assert names == ["simple", "numpy", "glyphs", "least-squares"]
    words = ("train", "--recipe", "SIMPLE", "--dataset", "Glyphs", "--steps", "3")
    assert command(*words, "--out", "run", "--resume", "auto").code == 0
    assert command("export", "run", "--to", "CSV", "--out", "h.csv").code == 0


@pytest.mark.parametrize("made", ["faces/", "faces.npz", "faces.npy"])
def test_an_error_mentions_a_folder_or_file_of_that_name(machine, command, made):
    place = machine / made
    place.mkdir() if made.endswith("/") else place.write_bytes(b"")
    ended = command("train", "--dataset", "faces", "--backend", "numpy")
    assert ended.code == ExitCode.USAGE
    kind = "folder" if made.endswith("/") else "file"
    assert f"(did you mean the {kind} ./{made.rstrip('/')}?)" in ended.err


def test_a_likely_name_is_hinted_whatever_its_case():
    with pytest.raises(UnknownName, match="did you mean 'fashion-mnist'"):
        plugins.get_dataset("FASHION")
