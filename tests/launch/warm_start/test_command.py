"""`gankit train --init-from`: settings of the other run, and messages."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest

from gankit.cli import main
from gankit.runs import RunFolder
from gankit.runs.checkpoints import read_manifest

SHORT = ("--steps", 2, "--batch", 4, "--no-progress")
LAYERS = (
    "generator.layers=[{layer='dense', units=784}, {layer='tanh'}, "
    "{layer='reshape', shape=[28, 28, 1]}]",
    "discriminator.layers=[{layer='flatten'}, {layer='dense', units=1}]",
)
SMALL = ("--set", LAYERS[0], "--set", LAYERS[1])
RECIPE = ("simple", "--backend", "numpy", "--dataset", "glyphs", *SMALL)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return the folder of a run of two steps with a width of 7, and no classes."""
    out = tmp_path_factory.mktemp("trained") / "old"
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in ("train", *RECIPE, *SHORT, "--latent", 7, "--out", out)])
    assert not ended.value.code
    return out


@pytest.fixture(autouse=True)
def here(machine, trained):
    shutil.copytree(trained, machine / "old")
    return machine


def settings(folder):
    return tomllib.loads((Path(folder) / "config.toml").read_text())


def test_without_a_recipe_it_takes_the_settings_of_the_other_run(command):
    ended = command("train", "--init-from", "old", "--lr", 1e-5, "--out", "new", "--no-progress")
    assert ended.code == 0, ended.err
    said = "beginning with generator (1 layer) and discriminator (1 layer) of old, step 2"
    assert said in ended.err
    old, new = settings("old"), settings("new")
    for role in ("generator", "discriminator"):
        assert new[role].pop("optimizer").pop("learning_rate") == 1e-5
        del old[role]["optimizer"]
    assert new == old
    assert new["latent"] == 7


def test_a_recipe_takes_the_place_of_these_settings(command):
    ended = command("train", *RECIPE, *SHORT, "--init-from", "old", "--out", "new")
    assert ended.code == 4
    assert ended.err.splitlines()[-1] == "  generator layer 0: kernel 7x784 there, 100x784 here"
    assert not Path("new").exists()


def test_images_of_another_size_are_refused_as_in_any_run(command):
    ended = command("train", "--init-from", "old", "--size", 32, "--out", "new")
    assert ended.code == 2
    assert "generator output is 28x28 grey but the images of glyphs are 32x32 grey" in ended.last


def test_options_of_the_old_images_do_not_reach_another_data_set(command, here):
    images = np.random.default_rng(0).integers(0, 256, (8, 28, 28), np.uint8)
    np.savez(here / "a.npz", mine=images)
    np.save(here / "b.npy", images[::-1])
    keyed = ("--dataset", "./a.npz", "--images-key", "mine")
    words = ("train", *RECIPE, *SHORT, "--latent", 7, *keyed, "--out", "keyed")
    assert command(*words).code == 0
    again = command("train", "--init-from", "keyed", "--out", "new")
    assert again.code == 0, again.err
    ended = command("train", "--init-from", "keyed", "--dataset", "./b.npy", "--out", "newer")
    assert ended.code == 0, ended.err


def test_a_dry_run_finds_layers_that_do_not_fit(command):
    words = ("train", "--init-from", "old", "--latent", 8, "--dry-run")
    assert command(*words).code == 4
    assert command(*words, "--init-networks", "discriminator").code == 0
    assert {path.name for path in Path().iterdir()} == {"old"}


def test_a_changed_rate_is_refused_with_this_remedy(command):
    ended = command("train", "--out", "old", "--resume", "--steps", 4, "--lr-generator", 1e-5)
    assert ended.code == 2
    assert ended.last == (
        "gankit: old was trained with other settings: generator.optimizer.learning_rate was 2e-4, "
        "is now 1e-5; use the old values, or begin a new run with its weights: --init-from old (in "
        "Python init_from=) and another --out"
    )


def test_other_images_are_refused_with_this_remedy(command, here):
    np.save(here / "a.npy", np.zeros((9, 28, 28), np.uint8))
    ended = command("train", "--out", "old", "--resume", "--steps", 4, "--dataset", "./a.npy")
    assert ended.code == 2
    assert ", or begin a new run with its weights: --init-from old" in ended.last


@pytest.mark.parametrize("name", ["from", "init", "pretrained", "finetune", "warm-start"])
def test_names_of_other_programs_get_a_hint(command, name):
    ended = command("train", f"--{name}", "old")
    assert (ended.code, "did you mean --init-from?" in ended.last) == (2, True), ended.err


def test_the_step_of_the_request_is_recorded(command):
    assert command("train", "--init-from", "old@2", "--out", "new", "--no-progress").code == 0
    folder = RunFolder("new")
    record = read_manifest(folder.checkpoints.path(2)).info["init_from"]
    assert (record["checkpoint"], record["step"]) == ("2", 2)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--init-from", "none"), 4, "no run folder at 'none': no such folder"),
        (("--init-from", "old@best"), 4, "old has no best checkpoint"),
        (("--init-from", ""), 2, "init_from: got an empty text; expected a path"),
        (("--init-networks", "generator"), 2, "init_networks: got 'generator' without init_from"),
        (("--init-from", "old", "--out", "old"), 2, "old holds a run; resume it with --resume"),
    ],
)
def test_a_wrong_request_writes_nothing(command, words, code, said):
    ended = command("train", "--out", "new", *words)
    assert (ended.code, said in ended.last) == (code, True), ended.err
    assert {path.name for path in Path().iterdir()} == {"old"}
