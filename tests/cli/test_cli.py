"""The command `gankit`, as people and scripts use it."""

from __future__ import annotations

import json
import logging
import os
import re
import shlex
import signal
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit import plugins
from gankit.cli import main
from gankit.errors import ExitCode
from gankit.plugins import registry
from gankit.recipes import recipes
from gankit.runs import read_checkpoint
from tests.selection import selected

TINY = """
latent = 4
steps_per_epoch = 3
checkpoint_every = 2
[generator]
layers = [
    { layer = "dense", units = 6 },
    { layer = "leaky-relu", slope = 0.2 },
    { layer = "dense", units = 784 },
    { layer = "tanh" },
    { layer = "reshape", shape = [28, 28, 1] },
]
[discriminator]
layers = [
    { layer = "flatten" },
    { layer = "dense", units = 6 },
    { layer = "dropout", rate = 0.3 },
    { layer = "dense", units = 1 },
]
"""
TRAIN = (
    "train",
    "--backend",
    "numpy",
    "--dataset",
    "glyphs",
    "--steps",
    "4",
    "--batch",
    "8",
    "--config",
    "tiny.toml",
)


@pytest.fixture(autouse=True)
def tiny(machine):
    """Give each test an empty machine and the settings of a tiny run."""
    (machine / "tiny.toml").write_text(TINY, "utf-8")


@pytest.fixture
def run(command):
    """Return the folder of a run of 4 steps."""
    ended = command(*TRAIN, "--out", "run")
    assert ended.code == 0, ended.err
    return Path("run")


def there():
    """Return every path in the working folder with its bytes."""
    return {p: p.is_file() and p.read_bytes() for p in Path().rglob("*")}


HAS_TORCH = selected("torch")
RATE = "generator.optimizer.learning_rate"
SMALL = ("--backend", "numpy", "--dataset", "glyphs")
BAD = {
    "an unknown command": (["trian"], 2, "did you mean 'train'"),
    "an unknown option": (["train", "--bach", "3"], 2, "--bach"),
    "an option without its value": (["train", "--batch"], 2, "--batch"),
    "a word for a number": (["train", "--batch", "many"], 2, "many"),
    "a needless argument": (["train", "simple", "more"], 2, "unexpected argument 'more'"),
    "an unknown recipe as an argument": (["train", "simples"], 2, "did you mean 'simple'?"),
    "two recipes": (["train", "simple", "--recipe", "dcgan"], 2, "simple or --recipe dcgan"),
    "a learning rate below 0": ([*TRAIN, "--lr", "-1"], 2, "learning_rate: got -1.0"),
    "a data set without --dataset": (["train", "glyphs"], 2, "did you mean --dataset glyphs?"),
    "a backend without --backend": (["train", "numpy"], 2, "did you mean --backend numpy?"),
    "a backend's framework": (["train", "tensorflow"], 2, "did you mean --backend keras?"),
    "a path of images": (["train", "./faces"], 2, "did you mean --dataset ./faces?"),
    "a folder with a space": (["train", "./my cats"], 2, "did you mean --dataset './my cats'?"),
    "a learning rate's long name": (["train", "--learning-rate", "1"], 2, "did you mean --lr?"),
    "another word for noise": (["train", "--z_dim", "10"], 2, "did you mean --latent?"),
    "another word for a batch": (["train", "--batch-size", "8"], 2, "did you mean --batch?"),
    "a graphics card": (["train", "--gpu"], 2, "did you mean --device?"),
    "a setting for an option": (["train", "--n-critic", "2"], 2, "--set n_critic=VALUE"),
    "a recipe to compare": (["compare", "simple", "--backends", "a,b"], 2, "--recipe simple?"),
    "an unknown recipe": (["train", "--recipe", "simpel"], 2, "did you mean 'simple'"),
    "an unknown backend": ([*TRAIN, "--backend", "numpi"], 2, "did you mean 'numpy'"),
    "an unknown data set": ([*TRAIN, "--dataset", "glyph"], 2, "did you mean 'glyphs'"),
    "an unknown loss": ([*TRAIN, "--set", "loss=hinges"], 2, "did you mean 'hinge'"),
    "another library's loss": ([*TRAIN, "--set", "loss=bce"], 2, "did you mean 'nonsaturating'"),
    "the framework of a backend": ([*TRAIN, "--backend", "tensorflow"], 2, "did you mean 'keras'"),
    "an unknown key": ([*TRAIN, "--set", "btach=3"], 2, "did you mean 'batch'"),
    "an unknown inner key": (
        [*TRAIN, "--set", "generator.optimizer.lerning_rate=1"],
        2,
        "did you mean 'learning_rate'",
    ),
    "an unknown layer": ([*TRAIN, "--set", 'generator.layers.1.layer="relo"'], 2, "layers.1"),
    "a layer that is not there": ([*TRAIN, "--set", "generator.layers.9.units=3"], 2, "0..4"),
    "a key below a number": ([*TRAIN, "--set", "batch.size=3"], 2, "batch"),
    "no batch": ([*TRAIN, "--batch", "0"], 2, "batch: got 0"),
    "a negative batch": ([*TRAIN, "--batch", "-8"], 2, "batch: got -8"),
    "negative steps": ([*TRAIN, "--steps", "-1"], 2, "steps: got -1"),
    "negative epochs": (["train", "--epochs", "-1"], 2, "epochs: got -1"),
    "a negative seed": ([*TRAIN, "--seed", "-1"], 2, "seed: got -1"),
    "too large a seed": ([*TRAIN, "--seed", 2**63], 2, "seed"),
    "no noise": ([*TRAIN, "--set", "latent=0"], 2, "latent: got 0"),
    "a fraction of an epoch": ([*TRAIN, "--set", "epochs=2.5"], 2, "epochs"),
    "no number": ([*TRAIN, "--set", f"{RATE}=nan"], 2, RATE),
    "an endless number": ([*TRAIN, "--set", f"{RATE}=inf"], 2, RATE),
    "a negative learning rate": ([*TRAIN, "--set", f"{RATE}=-1.0"], 2, "learning_rate: got -1.0"),
    "a beta of one": ([*TRAIN, "--set", "generator.optimizer.beta1=1.0"], 2, "beta1: got 1.0"),
    "a dropout of two": ([*TRAIN, "--set", "discriminator.layers.2.rate=2.0"], 2, "rate: got 2.0"),
    "no units": ([*TRAIN, "--set", "generator.layers.0.units=0"], 2, "units: got 0"),
    "images of another size": ([*TRAIN, "--set", "generator.layers.4.shape=[14,56,1]"], 2, "28"),
    "too large a batch": (["train", *SMALL, "--set", "batch=100000000000"], 2, "batch"),
    "too many steps": (["train", *SMALL, "--set", "steps=99999999999999999999"], 2, "steps"),
    "too many units": (
        ["train", *SMALL, "--set", "generator.layers.0.units=999999999999"],
        2,
        "units",
    ),
    "a recipe's name as a setting": ([*TRAIN, "--set", "recipe=mine"], 2, "--recipe"),
    "an unknown device": ([*TRAIN, "--device", "cuda", "--dry-run"], 2, "unknown device 'cuda'"),
    "an unknown precision": ([*TRAIN, "--set", "precision=float16"], 2, "precision"),
    "two lengths": (["train", "--epochs", "1", "--steps", "2"], 2, "not both"),
    "resuming nothing": ([*TRAIN, "--resume", "auto"], 2, "--out"),
    "resuming nothing, in one word": ([*TRAIN, "--resume"], 2, "--out"),
    "an unknown way to resume": ([*TRAIN, "--resume", "now", "--out", "x"], 2, "auto"),
    "a setting without a value": ([*TRAIN, "--set", "batch"], 2, "key=value"),
    "a setting without a key": ([*TRAIN, "--set", "=3"], 2, "key=value"),
    "a setting with an empty key": ([*TRAIN, "--set", "generator..units=3"], 2, "generator."),
    "a missing file": ([*TRAIN, "--config", "none.toml"], 2, "none.toml"),
    "a file that is a folder": ([*TRAIN, "--config", "."], 2, "cannot read"),
    "a file that is not TOML": ([*TRAIN, "--config", "prose.toml"], 2, "prose.toml is not TOML"),
    "a file that is not UTF-8": ([*TRAIN, "--config", "latin.toml"], 2, "UTF-8"),
    "a folder below a file": ([*TRAIN, "--out", "tiny.toml/run"], 7, "tiny.toml"),
    "a file for a folder": ([*TRAIN, "--out", "tiny.toml"], 2, "tiny.toml"),
    "a folder without data": (
        [*TRAIN, "--dataset", "mnist", "--data-dir", "no-such-folder"],
        3,
        "no-such-folder",
    ),
    "sampling no run": (["sample", "nothing"], 4, "nothing"),
    "sampling a folder without a run": (["sample", "."], 4, "config.toml"),
    "no shell": (["completion", "dos"], 2, "dos"),
    "fetching what is unknown": (["data", "fetch", "mnits"], 2, "did you mean 'mnist'"),
    "verifying what is unknown": (["data", "verify", "mnits"], 2, "did you mean 'mnist'"),
    "showing what is unknown": (["recipes", "show", "simpel"], 2, "did you mean 'simple'"),
}


@pytest.mark.parametrize(("arguments", "code", "named"), BAD.values(), ids=BAD)
def test_bad_input_gets_one_line_the_right_exit_code_and_writes_nothing(
    command, arguments, code, named
):
    Path("prose.toml").write_text("it was a dark and stormy night", "utf-8")
    Path("latin.toml").write_bytes("# für alle".encode("latin-1"))
    before = there()
    ended = command(*arguments)
    assert ended.code == code, ended.err
    assert ended.out == ""
    first, *notes = ended.err.splitlines()
    assert first.startswith("gankit: ")
    assert all(note.startswith("  ") for note in notes), ended.err
    assert not notes or code == ExitCode.DATA
    assert named in ended.err
    assert there() == before


def test_an_unknown_recipe_in_the_environment_is_refused(command, monkeypatch):
    monkeypatch.setenv("GANKIT_RECIPE", "simpel")
    ended = command("train", *SMALL, "--steps", "2")
    assert ended.code == ExitCode.USAGE
    assert "did you mean 'simple'" in ended.err


def test_every_wrong_setting_is_named_at_once(command):
    ended = command(*TRAIN, "--set", "latant=3", "--set", "precision=half", "--set", "seed=x")
    assert ended.code == ExitCode.USAGE
    assert all(name in ended.err for name in ("latant", "precision", "seed"))


def test_a_folder_that_holds_a_run_is_refused_and_left_as_it_is(command, run):
    before = there()
    ended = command(*TRAIN, "--out", run)
    assert ended.code == ExitCode.USAGE
    assert ended.err.startswith("gankit: ")
    assert ended.err.count("\n") == 1
    assert "resume it with --resume " in ended.err
    assert there() == before


def test_debug_shows_where_an_error_was_raised():
    with pytest.raises(gankit.GankitError):
        main(["--debug", "train", "--recipe", "nothing"])


def test_a_variable_asks_for_debugging_as_the_option_does(command, monkeypatch):
    words = ["train", "--recipe", "nothing"]
    monkeypatch.setenv("GANKIT_DEBUG", "1")
    with pytest.raises(gankit.GankitError):
        main(words)
    monkeypatch.setenv("GANKIT_DEBUG", "0")
    assert command(*words).code == ExitCode.USAGE
    assert not logging.getLogger("gankit").isEnabledFor(logging.DEBUG)


def test_divergence_ends_with_exit_code_6_and_keeps_the_finite_checkpoints(command):
    ended = command(
        *TRAIN,
        "--steps",
        "9",
        "--out",
        "run",
        "--set",
        "loss=least-squares",
        "--set",
        f"{RATE}=1e30",
        "--set",
        "discriminator.optimizer.learning_rate=1e30",
    )
    assert ended.code == ExitCode.DIVERGED, ended.err
    assert ended.err.splitlines()[-1].startswith("gankit: ")
    assert "learning rate" in ended.err.splitlines()[-1]
    for folder in Path("run/checkpoints").glob("*"):
        assert all(np.isfinite(a).all() for a in read_checkpoint(folder).state.values())


# Data.


def test_mnist_requested_by_name_is_never_replaced_by_glyphs(command):
    before = there()
    arguments = [a if a != "glyphs" else "mnist" for a in TRAIN]
    ended = command(*arguments, "--out", "run")
    assert ended.code == ExitCode.DATA
    assert ended.err.startswith("gankit: ")
    assert "searched " in ended.err
    assert str(Path(os.environ["GANKIT_HOME"]) / "mnist") in ended.err
    assert ".keras" in ended.err
    assert "GANKIT_OFFLINE" in ended.err
    assert there() == before


def test_without_mnist_and_without_a_name_glyphs_are_used_with_a_warning_and_recorded(command):
    arguments = [a for a in TRAIN if a not in ("--dataset", "glyphs")]
    ended = command(*arguments, "--out", "run")
    assert ended.code == ExitCode.OK, ended.err
    assert "warning: training on glyphs, drawn digits, INSTEAD OF MNIST" in ended.err
    assert "searched " in command("data", "fetch", "mnist").err  # As the warning says.
    assert tomllib.loads(Path("run/config.toml").read_text("utf-8"))["dataset"] == "glyphs"
    recorded = json.loads(Path("run/environment.json").read_text("utf-8"))
    assert "GANKIT_OFFLINE" in recorded["instead_of_mnist"]
    assert "glyphs" in recorded["data"]


def test_fetching_without_a_network_ends_with_exit_code_3(command):
    ended = command("data", "fetch", "mnist")
    assert ended.code == ExitCode.DATA
    first, *notes = ended.err.splitlines()
    assert first.startswith("gankit: no train-images-idx3-ubyte ")
    assert [note for note in notes if note.startswith("  searched ")] == notes[:-1]
    assert notes[-1] == "  tried no mirror: downloads are off (GANKIT_OFFLINE)"


def test_verifying_missing_data_ends_with_exit_code_3(command):
    assert command("data", "verify", "mnist").code == ExitCode.DATA


def test_glyphs_need_no_download(command):
    assert command("data", "fetch", "glyphs").code == ExitCode.OK


# Settings.


def printed(ended):
    assert ended.code == 0, ended.err
    return settings_in(ended.out)


def settings_in(text):
    """Return each printed setting's value and origin."""
    rows = [line.partition(" = ") for line in text.splitlines()]
    return {name: tuple(rest.rsplit("  # ", 1)) for name, _, rest in rows}


def test_print_config_shows_every_setting_with_its_origin_and_writes_nothing(command):
    before = there()
    found = printed(command("train", "--config", "tiny.toml", "--seed", "3", "--print-config"))
    assert found["batch"] == ("128", "recipe simple")
    assert found["latent"] == ("4", "tiny.toml")
    assert found["seed"] == ("3", "--seed")
    assert found["keep_checkpoints"] == ("3", "default")
    assert found["generator.optimizer.beta1"] == ("0.5", "recipe simple")
    assert found["generator.layers"][1] == "tiny.toml"
    assert there() == before


def test_print_config_prints_toml_of_the_same_run(command):
    first = command("train", "--config", "tiny.toml", "--seed", "3", "--print-config").out
    Path("again.toml").write_text(first, "utf-8")
    second = command("train", "--config", "again.toml", "--print-config").out
    assert {k: v for k, (v, _) in settings_in(first).items()} == {
        k: v for k, (v, _) in settings_in(second).items()
    }


def test_each_source_of_settings_overrides_the_one_before(command, monkeypatch):
    Path("batch.toml").write_text("batch = 1\nseed = 1\nlatent = 1\nn_critic = 1\n", "utf-8")
    monkeypatch.setenv("GANKIT_BATCH", "2")
    monkeypatch.setenv("GANKIT_SEED", "2")
    monkeypatch.setenv("GANKIT_LATENT", "2")
    found = printed(
        command(
            "train",
            "--config",
            "batch.toml",
            "--set",
            "batch=3",
            "--set",
            "seed=3",
            "--batch",
            "4",
            "--print-config",
        )
    )
    assert found["n_critic"] == ("1", "batch.toml")
    assert found["latent"] == ("2", "GANKIT_LATENT")
    assert found["seed"] == ("3", "--set seed=3")
    assert found["batch"] == ("4", "--batch")
    assert found["epochs"] == ("400", "recipe simple")


def test_short_options_set_the_learning_rates_and_the_noise(command):
    ended = command("train", "simple", "--print-config", "--latent", "7", "--lr", "0.003",
                    "--lr-discriminator", "0.001")  # fmt: skip
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert "latent = 7  # --latent" in lines
    assert "generator.optimizer.learning_rate = 0.003  # --lr" in lines
    assert "discriminator.optimizer.learning_rate = 0.001  # --lr-discriminator" in lines


def test_a_recipe_is_an_argument_or_an_option(command):
    as_argument, as_option = (
        command("train", *words, "dcgan", "--print-config").out for words in ((), ("--recipe",))
    )
    assert as_argument == as_option


def test_an_item_of_a_list_can_be_set(command):
    found = printed(command("train", "--set", "generator.layers.0.units=17", "--print-config"))
    assert tomllib.loads(f"x = {found['generator.layers'][0]}")["x"][0]["units"] == 17


def test_epochs_on_the_command_line_override_steps_in_a_file(command):
    Path("steps.toml").write_text("steps = 9\n", "utf-8")
    found = printed(command("train", "--config", "steps.toml", "--epochs", "2", "--print-config"))
    assert found["epochs"] == ("2", "--epochs")
    assert "steps" not in found


def test_a_dry_run_checks_everything_and_writes_nothing(command):
    before = there()
    ended = command(*TRAIN, "--out", "run", "--dry-run")
    assert ended.code == ExitCode.OK
    assert "4 steps" in ended.err
    assert there() == before


def test_a_dry_run_reports_networks_that_cannot_be_built(command):
    ended = command(*TRAIN, "--dry-run", "--set", "generator.layers.2.units=783")
    assert ended.code == ExitCode.USAGE


@pytest.mark.parametrize("backend", ["auto", None])
def test_without_a_backend_setting_the_first_installed_is_used_and_named(command, backend):
    arguments = [a for a in TRAIN if a not in ("--backend", "numpy")]
    chosen = ["--backend", backend] if backend else []
    known = plugins.backends()
    first = next(n for n in ("torch", "keras", "numpy") if not plugins.missing_modules(known[n]))
    if not selected(first):
        pytest.skip(f"{first} is not among those to test")
    ended = command(*arguments, *chosen, "--dry-run")
    assert ended.code == ExitCode.OK, ended.err
    assert f"backend {first}, the first installed" in ended.err


# Training.


def test_training_writes_the_runs_folder_and_prints_where(command):
    ended = command(*TRAIN, "--out", "deep/run")
    folder = Path("deep/run")
    assert (ended.code, ended.out) == (0, "deep/run\n")
    assert {p.name for p in folder.iterdir()} - {".lock"} == {
        "config.toml",
        "environment.json",
        "metrics.jsonl",
        "times.jsonl",
        "samples",
        "checkpoints",
    }
    assert sorted(p.name for p in (folder / "checkpoints").iterdir()) == ["000002", "000004"]
    assert sorted(p.name for p in (folder / "samples").iterdir()) == ["000003.png", "000004.png"]
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    config = tomllib.loads((folder / "config.toml").read_text("utf-8"))
    assert (config["backend"], config["batch"], config["latent"]) == ("numpy", 8, 4)
    assert read_checkpoint(folder / "checkpoints/000004").info["backend"] == "numpy"


def test_runs_without_a_folder_are_numbered_below_runs(command):
    assert command(*TRAIN).out == "runs/simple-glyphs-numpy\n"
    assert command(*TRAIN).out == "runs/simple-glyphs-numpy-2\n"
    assert Path("runs/simple-glyphs-numpy-2/config.toml").is_file()


def test_the_same_seed_gives_the_same_run_and_another_another(command):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert command(*TRAIN, "--seed", seed, "--out", name).code == 0
    one, same, other = (Path(n, "metrics.jsonl").read_bytes() for n in "abc")
    assert one == same
    assert one != other


def test_output_to_a_file_has_plain_lines_and_no_escape_codes(command):
    ended = command(*TRAIN, "--out", "run")
    assert re.search(r"^epoch +1/2  mean D \d.* G \d", ended.err, re.MULTILINE)
    assert "step 4/4" in ended.err
    assert "\x1b" not in ended.err + ended.out
    assert "\r" not in ended.err + ended.out


@pytest.mark.parametrize("resume", [["--resume"], ["--resume", "auto"], ["--resume=auto"]], ids=str)
def test_a_run_continues_with_resume_or_resume_auto(command, run, resume):
    ended = command("train", *resume, "--out", run, "--steps", "6")
    assert ended.code == 0, ended.err
    assert "resuming after step 4" in ended.err
    assert read_checkpoint(run / "checkpoints/000006").step == 6


@pytest.mark.parametrize("out", ["run", "my runs/it's"])
def test_a_stopped_run_prints_the_command_that_continues_it(command, monkeypatch, out):
    from gankit.callbacks import Losses

    def stopping(self, progress, original=Losses.__call__):
        original(self, progress)
        if progress.step == 1:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(Losses, "__call__", stopping)
        ended = command(*TRAIN, "--steps", "5000", "--out", out)
    assert ended.code == 130
    lines = ended.err.splitlines()
    step, words = re.fullmatch(
        r"stopped after step (\d) of 5,000; saved\. Resume with: gankit (.*)", lines[-1]
    ).groups()
    assert any(f"epoch   1/1667, {step} of 3 steps" in line for line in lines), lines
    words = shlex.split(words)
    assert words == ["train", "--out", out, "--resume"]
    again = command(*words, "--steps", "4")
    assert again.code == 0, again.err
    assert f"resuming after step {step} " in again.err


# Samples.


def test_samples_can_be_a_grid(command, run):
    ended = command("sample", run, "-n", "6", "--columns", "3", "--out", "grid.png")
    assert (ended.code, ended.out) == (0, "grid.png\n")
    with Image.open("grid.png") as picture:
        assert picture.size == (5 * (3 * 28 + 2 * 2), 5 * (2 * 28 + 2))  # 400 wide or more.


def test_a_grid_may_be_drawn_pixel_by_pixel(command, run):
    assert command("sample", run, "-n", "6", "--columns", "3", "--scale", "1").code == 0
    with Image.open("samples.png") as picture:
        assert picture.size == (3 * 28 + 2 * 2, 2 * 28 + 2)


def test_samples_can_be_single_pictures(command, run):
    ended = command("sample", run, "-n", "3", "--each", "out")
    assert ended.code == 0
    assert sorted(p.name for p in Path("out").iterdir()) == ["000.png", "001.png", "002.png"]
    with Image.open("out/002.png") as picture:
        assert picture.size == (28, 28)


@pytest.mark.parametrize("name", ["images.npy", "images.npz"])
def test_samples_can_be_an_array(command, run, name):
    assert command("sample", run, "-n", "5", "--seed", "2", "--out", name).code == 0
    images = np.load(name, allow_pickle=False)
    images = images if name.endswith("npy") else images["images"]
    assert images.shape == (5, 28, 28, 1)
    assert np.array_equal(images, gankit.load(run).sample(5, 2))


def test_samples_of_the_same_seed_are_the_same_bytes_and_of_another_are_not(command, run):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        command("sample", run, "-n", "3", "--seed", seed, "--out", f"{name}.npy")
    one, same, other = (Path(f"{n}.npy").read_bytes() for n in "abc")
    assert one == same
    assert one != other


def test_without_a_path_samples_go_into_the_working_folder(command, run):
    assert command("sample", run).out == "samples.png\n"
    assert Path("samples.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (["--out", "grid.psd"], 2, "grid.psd"),
        (["--out", "grid"], 2, "grid"),
        (["--out", "nowhere/grid.png"], 2, "nowhere"),
        (["-n", "0"], 2, "at least 1"),
        (["-n", "-5"], 2, "at least 1"),
        (["--seed", "-1"], 2, "seed: got -1"),
        (["--columns", "0"], 2, "columns"),
        (["--out", "digits.npy", "--columns", "3"], 2, "--columns"),
        (["--backend", "numpi"], 2, "did you mean 'numpy'"),
        (["--each", "tiny.toml"], 7, "tiny.toml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_impossible_samples_are_refused_in_one_line(command, run, arguments, code, named):
    before = there()
    ended = command("sample", run, *arguments)
    assert ended.code == code, ended.err
    assert ended.err.startswith("gankit: ")
    assert ended.err.count("\n") == 1
    assert named in ended.err
    assert there() == before


@pytest.mark.parametrize("damaged", ["checkpoints", "config"])
def test_a_damaged_run_ends_with_exit_code_4(command, run, damaged):
    if damaged == "config":
        Path("run/config.toml").write_text("latent = 'four'", "utf-8")
    else:
        for path in Path("run/checkpoints").glob("*/generator.safetensors"):
            path.write_bytes(path.read_bytes()[:-1] + b"\x55")
    ended = command("sample", run, "--out", "grid.png")
    assert ended.code == ExitCode.CHECKPOINT, ended.err
    assert ended.err.splitlines()[-1].startswith("gankit: ")
    assert not Path("grid.png").exists()


@pytest.mark.skipif(not HAS_TORCH, reason="torch is not among the backends to test")
def test_another_backend_makes_the_same_images(command, run):
    assert command("sample", run, "-n", "4", "--out", "one.npy").code == 0
    ended = command("sample", run, "-n", "4", "--backend", "torch", "--out", "other.npy")
    assert ended.code == 0, ended.err
    one, other = np.load("one.npy"), np.load("other.npy")
    assert other.shape == (4, 28, 28, 1)
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)


# The rest.


def test_version_is_one_line(command):
    assert command("--version") == (0, f"gankit {gankit.__version__}\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_names_the_command(command, shell):
    ended = command("completion", shell)
    assert ended.code == 0, ended.err
    assert "_GANKIT_COMPLETE" in ended.out
    assert f"{shell}_complete" in ended.out


def test_the_shell_completes_names(command, monkeypatch):
    monkeypatch.setenv("_GANKIT_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "gankit train --backend num")
    monkeypatch.setenv("COMP_CWORD", "3")
    ended = command()
    assert (ended.code, ended.out.split()) == (0, ["plain,numpy"])


def test_backends_are_listed_for_people_and_for_programs(command):
    people, programs = command("backends"), command("backends", "--json")
    rows = {row["name"]: row for row in json.loads(programs.out)}
    assert rows.keys() >= {"numpy", "torch", "keras"}
    assert rows["numpy"]["usable"] is True
    assert "float64" in rows["numpy"]["capabilities"]
    for name, row in rows.items():
        (line,) = [line for line in people.out.splitlines() if line.split()[0] == name]
        assert ("ready" in line) == row["usable"]


def test_a_backend_that_lacks_its_framework_is_listed_with_the_remedy(command, monkeypatch):
    for module in (plugins, registry):
        monkeypatch.setattr(module, "missing_modules", lambda backend: list(backend.requires))
    assert "pip install 'gankit[torch]'" in command("backends").out
    ended = command(*TRAIN, "--backend", "torch")
    assert ended.code == ExitCode.BACKEND
    assert "pip install 'gankit[torch]'" in ended.err


def test_recipes_are_listed_and_shown_as_toml(command):
    listed = [line.split()[0] for line in command("recipes", "list").out.splitlines()]
    assert listed == [recipe.name for recipe in recipes()]
    assert "simple" in listed
    assert tomllib.loads(command("recipes", "show", "simple").out)["batch"] == 128


def test_the_output_of_recipes_show_is_a_recipe(command):
    Path("mine.toml").write_text(command("recipes", "show", "simple").out, "utf-8")
    assert command("train", "--config", "mine.toml", "--print-config").code == 0


def test_data_sets_are_listed(command):
    names = [line.split()[0] for line in command("data", "list").out.splitlines()]
    assert names[:5] == ["mnist", "fashion-mnist", "kmnist", "cifar10", "glyphs"]


@pytest.mark.parametrize("name", ["train", "sample", "backends", "recipes", "data", "completion"])
def test_every_command_has_help(command, name):
    ended = command(name, "--help")
    assert ended.code == 0
    assert ended.out.startswith(f"Usage: gankit {name}")
