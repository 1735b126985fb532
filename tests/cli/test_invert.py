"""`gankit invert`, as people and scripts use it."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit.errors import ExitCode
from tests.evaluation_runs import CONFIG, drawn, write

QUICK = ("--steps", "5", "--restarts", "2")


@pytest.fixture
def run(machine, command):
    """Return the folder of a short run, beside a folder of three pictures."""
    (machine / "run.toml").write_text(CONFIG.replace("steps = 20", "steps = 2", 1), "utf-8")
    write(machine / "digits.npz")
    ended = command("train", "--dataset", "./digits.npz", "--config", "run.toml", "--out", "run")
    assert ended.code == ExitCode.OK
    (machine / "pictures").mkdir()
    for name, image in zip(("b", "a", "c"), drawn()[0][:3], strict=True):
        Image.fromarray(image[..., 0]).save(machine / "pictures" / f"{name}.png")
    return machine / "run"


def test_writes_pairs_paths_errors_and_noise(run, machine, command):
    ended = command("invert", "run", "pictures", "--out", "made", *QUICK)
    assert ended.code == ExitCode.OK
    assert ended.out == "made\n"
    files = {path.name for path in (machine / "made").iterdir()}
    assert files == {"pairs.png", "paths.png", "errors.csv", "inversion.npz"}
    with (machine / "made" / "errors.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == ["a.png", "b.png", "c.png"]
    with np.load(machine / "made" / "inversion.npz") as arrays:
        assert [float(row["error"]) for row in rows] == arrays["errors"].tolist()
        made = gankit.load(run).generator(arrays["latents"])
        np.testing.assert_array_equal(made, arrays["images"])
    assert "3 pictures: errors" in ended.err


@pytest.mark.usefixtures("run")
def test_prints_json(command):
    ended = command("invert", "run", "pictures", "--json", "--no-progress", *QUICK)
    found = json.loads(ended.out)
    assert (found["run"], found["step"]) == ("run", 2)
    assert [row["file"] for row in found["errors"]] == ["a.png", "b.png", "c.png"]
    assert ended.err == ""


@pytest.mark.usefixtures("run")
def test_one_picture_has_no_path(machine, command):
    (machine / "inversion").mkdir()
    (machine / "inversion" / "paths.png").write_bytes(b"of earlier pictures")
    for name in ("b", "c"):
        (machine / "pictures" / f"{name}.png").unlink()
    assert command("invert", "run", "pictures", *QUICK).code == ExitCode.OK
    assert not (machine / "inversion" / "paths.png").exists()


@pytest.mark.parametrize("out", ["run.toml", "run.toml/made"])
@pytest.mark.usefixtures("run")
def test_a_file_in_the_place_of_the_folder_is_refused_before_the_search(command, monkeypatch, out):
    monkeypatch.setattr(gankit.Run, "invert", None)
    ended = command("invert", "run", "pictures", "--out", out)
    assert ended.code == ExitCode.STORAGE
    assert ended.err == f"gankit: cannot write {out}: a file of that name exists\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("run", "missing"), ExitCode.DATA, "no file or folder missing"),
        (("run", "pictures", "--steps", "0"), ExitCode.USAGE, "steps: got 0"),
        (("run", "pictures", "--class", "3"), ExitCode.USAGE, "not class-conditional"),
        (("missing", "pictures"), ExitCode.CHECKPOINT, "missing"),
    ],
)
@pytest.mark.usefixtures("run")
def test_bad_input_is_one_line_and_writes_nothing(machine, command, arguments, code, message):
    ended = command("invert", *arguments, "--no-progress", "--out", "made")
    assert ended.code == code
    assert message in ended.err
    assert ended.err.count("\n") == 1
    assert not (machine / "made").exists()
