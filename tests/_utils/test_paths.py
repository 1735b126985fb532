"""Paths given by users: the home folder, empty paths, names that are not Unicode."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit._commands import COMMANDS
from gankit._utils.paths import given
from gankit.cli.main import gankit as root
from gankit.data import locations
from gankit.errors import ConfigError, DataError, ExitCode
from gankit.export import export
from gankit.runs import RunFolder
from gankit.runs.arrays import write

SHORT = ("--backend", "numpy", "--dataset", "glyphs", "--steps", "2", "--batch", "4")
"""The words of a run that takes a moment."""


@pytest.fixture
def home(machine):
    return machine.parent / "home"


@pytest.fixture
def run(machine, command):
    """Make a run in the home folder, named by `~`."""
    ended = command("train", *SHORT, "--out", "~/run")
    assert ended.code == 0, ended.err
    return machine.parent / "home" / "run"


def pictures(folder, count):
    """Make a folder with some pictures."""
    folder.mkdir(parents=True)
    for number in range(count):
        Image.fromarray(np.full((28, 28), number, np.uint8)).save(folder / f"{number}.png")


def parameters(command, name):
    """Yield every option and argument of a command and its subcommands, with the command's name."""
    for parameter in command.params:
        yield name, parameter
    for inner, below in getattr(command, "commands", {}).items():
        yield from parameters(below, f"{name} {inner}")


def test_every_path_of_the_command_goes_through_the_one_function():
    import click

    from gankit.cli.options import GivenPath

    every = [p for name in COMMANDS for p in parameters(root.get_command(None, name), name)]
    paths = [(name, p) for name, p in every if isinstance(p.type, click.Path)]
    assert len(paths) > 15
    assert [(name, p.name) for name, p in paths if not isinstance(p.type, GivenPath)] == []


def test_a_tilde_is_the_home_folder_for_the_command(home, run, command):
    assert (run / "config.toml").exists()
    assert not Path("~").exists()
    for words in (
        ("sample", "~/run", "--out", "~/grid.png"),
        ("sample", "~/run", "-n", "2", "--each", "~/each"),
        ("report", "~/run", "--out", "~/page.html"),
        ("plot", "~/run", "--out", "~/plot.png"),
        ("export", "~/run", "--to", "csv", "--out", "~/history.csv"),
        ("checkpoint", "verify", "~/run"),
    ):
        ended = command(*words)
        assert ended.code == 0, ended.err
        assert "~" not in ended.out + ended.err
    for name in ("grid.png", "each/000.png", "page.html", "plot.png", "history.csv"):
        assert (home / name).exists(), name


def test_a_tilde_is_the_home_folder_for_settings(home, command):
    (home / "mine.toml").write_text("batch = 3\n")
    (home / "own.toml").write_text(command("recipes", "show", "simple").out)
    printed = command(
        "train", "--recipe", "~/own.toml", "--config", "~/mine.toml", "--print-config"
    ).out
    assert "batch = 3 " in printed
    assert 'recipe = "own.toml"' in printed


@pytest.mark.parametrize("variable", ["GANKIT_DATA", "GANKIT_HOME"])
def test_a_tilde_is_the_home_folder_in_a_variable(home, monkeypatch, variable):
    monkeypatch.setenv(variable, "~/d")
    found = locations.folders("mnist", None, [])
    assert home / "d" / "mnist" in found


def test_a_tilde_is_the_home_folder_for_python(home, run):
    opened = gankit.load("~/run")
    assert opened.folder == run
    opened = gankit.train(backend="numpy", dataset="glyphs", steps=2, batch=4, out="~/api")
    assert opened.folder == home / "api"
    gankit.train(backend="numpy", steps=3, out=Path("~/api"), resume=True)
    assert RunFolder("~/api").exists()
    write("~/made.npy", iter([np.zeros((1, 2, 2, 1), np.uint8)]), 1)
    assert (home / "made.npy").exists()
    assert not Path("~").exists()
    with pytest.raises(ConfigError, match=f"got {home}/g.txt"):
        export("~/run", "safetensors", "~/g.txt")


def test_a_folder_whose_name_begins_with_a_tilde_can_be_named():
    assert given("./~odd", "out") == Path.cwd() / "~odd"
    assert given(given("./~odd", "out"), "out") == Path.cwd() / "~odd"


@pytest.mark.parametrize(
    "words",
    [
        ("train", "--dataset", "~nobody_x/faces", "--backend", "numpy"),
        ("train", "--out", "~nobody_x/run"),
        ("train", "--data-dir", "~nobody_x/d"),
        ("train", "--config", "~nobody_x/c.toml"),
        ("train", "--recipe", "~nobody_x/r.toml"),
        ("sample", "~nobody_x/run"),
        ("data", "pack", "~nobody_x/faces", "o.npy"),
    ],
    ids=" ".join,
)
def test_an_unknown_home_folder_is_an_error(machine, command, words):
    ended = command(*words)
    assert ended.code == ExitCode.DATA
    assert "no such file or folder ~nobody_x/" in ended.err
    assert len(ended.err.splitlines()) == 1
    assert list(machine.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("train", *SHORT, "--out", ""), "--out"),
        (("train", *SHORT, "--data-dir", ""), "--data-dir"),
        (("train", *SHORT, "--config", ""), "--config"),
        (("sample", ""), "RUN"),
        (("sample", "run", "--each", ""), "--each"),
        (("plugins", "new", "mine", "--out", ""), "--out"),
        (("data", "pack", "", "o.npy"), "FOLDER"),
    ],
    ids=str,
)
def test_an_empty_path_is_refused_and_nothing_is_written(machine, command, words, name):
    ended = command(*words)
    assert ended.code == ExitCode.USAGE
    assert f"{name}: got an empty text; expected a path" in ended.err
    assert list(machine.iterdir()) == []


@pytest.mark.usefixtures("machine")
def test_python_refuses_an_empty_folder_instead_of_training_in_memory():
    with pytest.raises(ConfigError, match="out: got an empty text"):
        gankit.train(backend="numpy", dataset="glyphs", steps=1, out="")
    with pytest.raises(ConfigError, match="folder: got an empty text"):
        gankit.load("")
    with pytest.raises(ConfigError, match="null character"):
        gankit.load("a\0b")


@pytest.mark.usefixtures("machine")
def test_an_empty_variable_counts_as_unset(monkeypatch):
    monkeypatch.setenv("GANKIT_DATA", "")
    monkeypatch.setenv("GANKIT_HOME", "")
    assert Path() not in locations.folders("mnist", None, [])


@pytest.mark.usefixtures("machine")
def test_the_doctor_finds_a_variable_that_names_an_unknown_home(monkeypatch, command):
    monkeypatch.setenv("GANKIT_HOME", "~nobody_x/cache")
    ended = command("doctor", "--quick", "--json")
    findings = json.loads(ended.out)["findings"]
    assert [finding["subject"] for finding in findings] == ["GANKIT_HOME"]
    assert ended.code == ExitCode.DATA


def test_a_picture_folder_of_any_name_is_trained_on_and_resumed(machine, command):
    folder = os.fsdecode(b"f\xff\xc3\xbc \x1b[2J")
    pictures(machine / folder, 4)
    words = ("train", "--backend", "numpy", "--dataset", f"./{folder}", "--batch", "2")
    ended = command(*words, "--steps", "2", "--out", "run")
    assert ended.code == 0, ended.err
    stored = Path("run/config.toml").read_bytes().decode("utf-8")  # A file in UTF-8, as TOML is.
    assert tomllib.loads(stored)["dataset"].endswith("f\0ffü \x1b[2J")
    ended = command("train", "--steps", "3", "--out", "run", "--resume", "auto")
    assert ended.code == 0, ended.err
    assert gankit.load("run").config.dataset == str(machine / folder)
    for words in (
        ("export", "run", "--to", "safetensors", "--out", "g.safetensors"),
        ("report", "run", "--out", "page.html"),
        ("checkpoint", "list", "run"),
    ):
        ended = command(*words)
        assert ended.code == 0, ended.err
        assert all(c.isprintable() or c == "\n" for c in ended.out + ended.err)
    for page in ("g.safetensors.md", "page.html"):
        text = Path(page).read_bytes().decode("utf-8")
        assert r"f\udcffü \x1b[2J".replace("\\", "") in text.replace("\\", "")
        assert "\x1b" not in text


@pytest.mark.usefixtures("machine")
def test_a_page_shows_a_run_whose_name_is_not_unicode(command):
    run = os.fsdecode(b"r\xff\x1b[2J")
    np.save("tiny.npy", np.random.default_rng(0).integers(0, 256, (300, 28, 28), np.uint8))
    settings = {"backend": "numpy", "dataset": "./tiny.npy", "steps": 2, "batch": 2}
    gankit.train(out=run, progress=False, **settings)
    ended = command("report", run, "--out", "page.html")
    assert ended.code == 0, ended.err
    text = Path("page.html").read_text("utf-8")
    assert r"gankit evaluate r\udcff\x1b[2J" in text
    assert "\x1b" not in text


def test_packed_classes_keep_names_that_are_not_unicode(machine):
    from gankit.data import ImageOptions, own, pack

    for name in (b"a\xff", "ü".encode()):
        pictures(machine / "many" / os.fsdecode(name), 1)
    pack(Path("many"), Path("o.npy"), ImageOptions())
    assert own(Path("o.npy")).class_names == (os.fsdecode(b"a\xff"), "ü")


def test_umlauts_are_printed_and_stored_in_the_c_locale(machine):
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""}
    words = ["train", *SHORT, "--out", "übung"]
    command = [sys.executable, "-m", "gankit", *words]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "übung\n".encode()
    assert (machine / "übung" / "config.toml").exists()


@pytest.mark.parametrize("kind", ["folder", "picture"])
def test_control_characters_of_a_name_are_escaped(machine, command, kind):
    name = "\x1b]0;title\x07x\ngankit: warning: all is well"
    (machine / "pets").mkdir()
    if kind == "folder":
        (machine / "pets").rename(machine / name)
        words = ("--dataset", f"./{name}")
    else:
        (machine / "pets" / f"{name}.png").write_bytes(b"\x89PNG\r\n\x1a\n junk")
        words = ("--dataset", "./pets", "--skip-bad")
    ended = command("train", "--backend", "numpy", *words, "--out", "run")
    assert ended.code == ExitCode.DATA
    assert all(c.isprintable() or c == "\n" for c in ended.err)
    assert not any(line.startswith("gankit: warning: all") for line in ended.err.splitlines())


def test_an_error_in_python_shows_no_control_characters():
    assert (
        str(DataError("cannot read \x1b[2J\udcff.png: no")) == r"cannot read \x1b[2J\udcff.png: no"
    )
