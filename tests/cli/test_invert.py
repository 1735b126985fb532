"""`gankit invert`, as people and scripts use it."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit.data.derived_sources import derived
from gankit.errors import ExitCode
from gankit.layers import Concat, Conv, Dense, Embedding, Flatten, Reshape, Tanh
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


def test_columns_of_labels_and_sources_are_in_the_files(machine, command):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (12, 6, 6, 1), np.uint8)
    labels = np.zeros(12, [("angle", float), ("width", float)])
    labels["angle"], labels["width"] = np.linspace(-30, 30, 12), np.linspace(3, 1, 12)
    gankit.fit(
        images, (Embedding(2), Dense(36), Reshape((6, 6, 1)), Concat(1), Conv(1, 1), Tanh()),
        (Flatten(), Dense(1)), latent=3, steps=2, batch=4, backend="numpy", progress=False,
        labels=labels, source="paired", source_images="edges", inputs=("noise", "source"),
    ).save(machine / "run")  # fmt: skip
    np.save(machine / "some.npy", images[:3])
    given = ("--label", "angle=12.5", "--derive", *QUICK)
    ended = command("invert", "run", "some.npy", "--out", "made", *given)
    assert ended.code == ExitCode.OK, ended.err
    rows = (machine / "made" / "errors.csv").read_text("utf-8").splitlines()
    assert rows[0] == "file,error,label/angle,label/width"
    assert [row.split(",")[2] for row in rows[1:]] == ["12.5"] * 3
    with np.load(machine / "made" / "inversion.npz") as arrays:
        np.testing.assert_array_equal(arrays["sources"], derived(images[:3], "edges"))
        assert arrays["labels"].shape == (3, 2)


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


@pytest.mark.parametrize("out", ["made.png", "made.GIF"])
@pytest.mark.usefixtures("run")
def test_a_folder_named_like_a_picture_is_not_made(machine, command, out):
    ended = command("invert", "run", "pictures", "--out", out)
    assert ended.code == ExitCode.USAGE
    assert ended.err == f"gankit: --out: got {out!r}; expected a folder\n"
    assert not (machine / out).exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("run", "missing"), ExitCode.DATA, "no file or folder missing"),
        (("run", "pictures", "--steps", "0"), ExitCode.USAGE, "steps: got 0"),
        (("run", "pictures", "--class", "3"), ExitCode.USAGE, "not class-conditional"),
        (("run", "pictures", "--label", "a=3"), ExitCode.USAGE, "no labels that are vectors"),
        (("run", "pictures", "--label", "a=1..3"), ExitCode.USAGE, "expected NAME=VALUE, one for"),
        (("run", "pictures", "--label", "a=1", "--label", "a=2"), ExitCode.USAGE, "a name twice"),
        (("run", "pictures", "--class", "3", "--label", "a=1"), ExitCode.USAGE, "remove --class"),
        (("run", "pictures", "--derive"), ExitCode.USAGE, "takes no source images"),
        (("run", "pictures", "--sources", "pictures"), ExitCode.USAGE, "takes no source images"),
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
