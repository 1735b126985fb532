"""`gankit compare`: one configuration on several backends, each in a process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gankit
from gankit.cli.commands.compare import _sources
from gankit.cli.comparison import MADE, Compared, compare, largest, read_outputs, table
from gankit.config.layering import merge
from gankit.data import glyphs
from gankit.errors import CheckpointError
from gankit.layers import Concat, Dense, Flatten, Reshape
from gankit.passes import FurtherNetwork
from gankit.runs import RunFolder
from tests import waiting
from tests.selection import selected

TINY = """
dataset = "few.npz"
latent = 4
batch = 8
steps = 12
precision = "float64"
loss = "nonsaturating"
epochs = 1
steps_per_epoch = 6
[generator]
layers = [
    { layer = "dense", units = 16 }, { layer = "leaky-relu", slope = 0.2 },
    { layer = "dense", units = 784 }, { layer = "tanh" },
    { layer = "reshape", shape = [28, 28, 1] },
]
optimizer = { optimizer = "adam", learning_rate = 2e-4, beta1 = 0.5, beta2 = 0.999, epsilon = 1e-8 }
[discriminator]
layers = [
    { layer = "flatten" }, { layer = "dense", units = 16 }, { layer = "dropout", rate = 0.3 },
    { layer = "dense", units = 1 },
]
optimizer = { optimizer = "adam", learning_rate = 2e-4, beta1 = 0.5, beta2 = 0.999, epsilon = 1e-8 }
"""
COMPARE = ["compare", "--recipe", "tiny.toml", "--no-progress", "--out", "out"]


@pytest.fixture(autouse=True)
def here(machine):
    (machine / "tiny.toml").write_text(TINY, "utf-8")
    np.savez(machine / "few.npz", images=glyphs.draw(50)[0])


def compared(command, backends):
    ended = command(*COMPARE, "--backends", backends, "--json")
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def test_comparing_a_backend_with_itself_shows_equal_numbers(command):
    found = compared(command, "numpy,numpy")
    first, second = found["runs"]
    assert (first["name"], second["name"]) == ("numpy", "numpy-2")
    assert first["losses"] is None
    assert [second[key] for key in ("losses", "first_difference", "weights", "images")] == [
        0,
        None,
        0,
        0,
    ]
    assert first["steps"] == second["steps"] == 12
    assert second["milliseconds"] > 0
    page = Path(found["page"]).read_text("utf-8")
    assert "Side by side" in page
    assert "differ by 0.001 at step" in page
    # What is there is not trained again, and the table is the same.
    before = (Path("out") / "numpy" / "timing.json").read_bytes()
    assert compared(command, "numpy,numpy") == found
    assert (Path("out") / "numpy" / "timing.json").read_bytes() == before
    said = command(*COMPARE, "--backends", "numpy,numpy")
    assert "weights differ by" in said.out
    assert said.out.endswith(f"{Path('out') / 'compare.html'}\n")


def frameworks():
    return [name for name in ("torch", "keras") if selected(name)]


@pytest.mark.skipif(not frameworks(), reason="it takes a framework beside the reference")
def test_in_float64_backends_differ_by_at_most_a_billionth(command):
    runs = compared(command, ",".join(["numpy", *frameworks()]))["runs"]
    assert len(runs) > 1
    for run in runs[1:]:
        assert run["first_difference"] is None
        assert 0 < run["losses"] < 1e-9
        assert run["weights"] < 1e-9
        assert run["images"] < 1e-9


@pytest.mark.parametrize(
    ("given", "steps"),
    [
        ({}, 1000),
        ({"steps": 7}, 7),
        ({"epochs": 2}, None),
        ({"assignments": ["steps=9"]}, 9),
        ({"recipe": "tiny.toml"}, 12),
    ],
    ids=str,
)
def test_a_comparison_without_a_length_trains_a_thousand_steps(given, steps):
    names = ("recipe", "dataset", "epochs", "steps", "seed", "device")
    options = dict.fromkeys(names) | {"recipe": "simple", "assignments": []} | given
    assert merge(_sources(options, None, {}))[0].get("steps") == steps


def test_the_first_differing_step_is_found(command):
    compared(command, "numpy,numpy")
    folders = [Path("out") / name for name in ("numpy", "numpy-2")]
    log = RunFolder(folders[1]).losses
    lines = log.read_text("utf-8").splitlines()
    changed = json.loads(lines[4])
    changed["generator"] += 0.01
    log.write_text("\n".join([*lines[:4], json.dumps(changed), *lines[5:], ""]), "utf-8")
    found = compare(folders, ["a", "b"])[1]
    assert (found.first_difference, round(found.losses, 9), found.weights) == (5, 0.01, 0)
    np.save(folders[1] / "compared.npy", np.zeros((64, 28, 28, 1)))
    assert compare(folders, ["a", "b"])[1].images > 0.1
    (folders[1] / "compared.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(CheckpointError, match="not an array of images"):
        compare(folders, ["a", "b"])


def test_the_largest_difference_of_weights_is_named():
    one = {"generator/0.bias": np.zeros(3), "generator/1.kernel": np.zeros(2)}
    other = {"generator/0.bias": np.array([0.1, -0.25, 0]), "generator/1.kernel": np.full(2, 0.1)}
    assert largest(one, other) == (0.25, "generator/0.bias")
    with pytest.raises(CheckpointError, match="the names of the runs' weights differ"):
        largest(one, {"a": one["generator/0.bias"]})


def test_further_networks_are_compared():
    run = gankit.fit(
        glyphs.draw(8)[0], (Dense(784), Reshape((28, 28, 1))), (Flatten(), Concat(1), Dense(1)),
        latent=4, batch=4, steps=1, backend="numpy", progress=False, out="run",
        networks={"encoder": FurtherNetwork("generator", (Flatten(), Dense(4)))},
        passes={"code": "encoder(real)"}, swapped=True,
        sees={"real": ["real", "code"], "fake": ["fake", "noise"]},
    )  # fmt: skip
    np.save(run.folder / MADE, run.sample(1))
    found = read_outputs(run.folder).weights
    state = run.trainer.state()
    assert found.keys() == {n for n in state if not n.startswith("optimizer/") and n != "step"}
    np.testing.assert_array_equal(found["encoder/1.kernel"], state["encoder/1.kernel"])


def test_unknown_values_are_a_dash_in_the_table():
    rows = [Compared("a", "a", 1, 1.0, 2.0, None), Compared("b", "b", 1, 1.0, 2.0, 3.0, 0.5, 7)]
    lines = {name: texts for name, *texts in table(rows)}
    assert lines["ms a step"] == ["–", "3.0"]
    assert lines["differ by 0.001 at step"] == ["–", "7"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--backends", "numpy"], 2, "two or more"),
        (["--backends", "numpy,"], 2, "two or more"),
        (["--backends", "numpy,numpi"], 2, "did you mean 'numpy'"),
        (["--backends", "numpy,numpy", "--steps", "1", "--epochs", "1"], 2, "not both"),
        (["--backends", "numpy,numpy", "--set", "latent=0"], 2, "latent: got 0"),
        (["--backends", "numpy,numpy", "--dataset", "nowhere.npz"], 3, "nowhere.npz"),
    ],
)
def test_impossible_comparisons_are_refused_before_training(command, words, code, said):
    ended = command(*COMPARE, *words)
    assert ended.code == code, ended.err
    assert said in ended.err
    assert ended.err.splitlines()[-1].startswith("gankit: ")
    assert not Path("out").exists()


def test_a_folder_with_other_runs_is_refused_and_unchanged(command):
    compared(command, "numpy,numpy")
    before = {path: path.stat().st_mtime_ns for path in Path().rglob("*")}
    for words, said in (
        (["--seed", "3"], "seed was 0, is now 3"),
        (["--steps", "6"], "more than 6 steps"),
    ):
        ended = command(*COMPARE, "--backends", "numpy,numpy", *words)
        assert ended.code == 2
        assert said in ended.err
    assert {path: path.stat().st_mtime_ns for path in Path().rglob("*")} == before
    shutil.move("out/numpy", "run")
    ended = command(*COMPARE[:-1], "run", "--backends", "numpy,numpy")
    assert "is a run folder" in ended.err


def test_a_run_that_diverges_ends_the_comparison_with_its_code(command):
    words = [
        "--set",
        "loss=wasserstein",
        "--set",
        "generator.optimizer.learning_rate=1e300",
        "--set",
        "discriminator.optimizer.learning_rate=1e300",
    ]
    ended = command(*COMPARE, "--backends", "numpy,numpy", *words)
    assert ended.code == 6
    assert "nothing is compared" in ended.err
    assert not (Path("out") / "compare.html").exists()


@pytest.mark.skipif(os.name != "posix", reason="it takes signals")
def test_after_a_signal_the_same_command_resumes_the_comparison(command):
    words = [*COMPARE, "--backends", "numpy,numpy", "--steps", "20000"]
    program = "from gankit.cli import main; main()"
    pipes = {"stderr": subprocess.PIPE, "text": True}
    log = Path("out") / "numpy" / "metrics.jsonl"
    with waiting.started(
        [sys.executable, "-c", program, *words], "the comparison", **pipes
    ) as process:
        waiting.wait_for(lambda: log.exists() and log.stat().st_size, "the first run's log")
        process.send_signal(signal.SIGTERM)
        _, said = waiting.ended(process, "the comparison")  # What the run said as well.
    assert process.returncode == 128 + signal.SIGTERM
    assert "stopping after this block" in said
    assert "run the same command again" in said
    done = RunFolder("out/numpy").checkpoints.steps()[-1]
    assert 0 < done < 20000
    again = command(*COMPARE, "--backends", "numpy,numpy", "--steps", str(done + 6), "--json")
    first, second = json.loads(again.out)["runs"]
    assert first["steps"] == second["steps"] == done + 6
    assert second["weights"] == 0
