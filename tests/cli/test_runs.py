"""`gankit runs`: lists the runs in a folder."""

from __future__ import annotations

import json
import os
import re
import socket

import pytest

import gankit
from gankit.errors import ExitCode
from gankit.launch.run_summary import run_summaries
from gankit.runs import RunFolder
from tests.evaluation_runs import write
from tests.short_runs import NETWORKS

ROW = {
    "name", "path", "state", "step", "steps", "recipe", "dataset", "backend", "frechet",
    "features", "bytes", "changed", "reason",
}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return a folder with a finished, an evaluated, a stopped, a diverged and a damaged run."""
    folder = tmp_path_factory.mktemp("runs")

    def train(name, **changes):
        given = {"backend": "numpy", "dataset": "glyphs", "steps": 3, "batch": 4, "latent": 3}
        return gankit.train(**(given | NETWORKS | changes), out=folder / name)

    train("finished", steps=None, epochs=2, steps_per_epoch=2)
    few = {"dataset": str(write(folder / "digits.npz", labelled=False)), "evaluate_samples": 50}
    train("evaluated/mine", evaluate_every=1, steps_per_epoch=2, **few)
    train("stopped", callbacks=lambda progress: progress.step == 2 and progress.stop("enough"))
    rates = {"optimizer": {"optimizer": "sgd", "learning_rate": 1e300}}
    with pytest.raises(gankit.GankitError):
        train("diverged", steps=9, discriminator=NETWORKS["discriminator"] | rates)
    train("damaged")
    (folder / "damaged" / "config.toml").write_text("batch = ")
    (folder / "else").mkdir()
    return folder


def by_name(folder):
    return {run.name: run for run in run_summaries(folder)}


def test_each_run_has_its_state_and_its_steps(runs):
    found = by_name(runs)
    assert {name: (run.state, run.step, run.steps) for name, run in found.items()} == {
        "damaged": ("damaged", 3, None),
        "diverged": ("diverged", found["diverged"].step, 9),
        "evaluated/mine": ("finished", 3, 3),
        "finished": ("finished", 4, 4),
        "stopped": ("stopped", 2, 3),
    }
    assert found["stopped"].reason == "enough"
    assert "is not TOML" in found["damaged"].reason
    assert found["diverged"].reason


def test_the_figure_is_that_of_the_last_evaluation_by_gankits_own_features(runs):
    log = runs / "evaluated/mine/evaluations.jsonl"
    (*_, last) = log.read_text().splitlines()
    other = json.loads(last) | {"frechet": 0.0, "features": "a", "requested_features": "a"}
    with log.open("a") as file:
        file.write(json.dumps(other) + "\n")
    found = by_name(runs)
    assert found["evaluated/mine"].frechet == json.loads(last)["frechet"]
    assert found["evaluated/mine"].features == json.loads(last)["features"]
    assert found["finished"].frechet is None


def test_the_size_is_that_of_all_files(runs):
    files = [path for path in (runs / "finished").rglob("*") if path.is_file()]
    assert by_name(runs)["finished"].bytes == sum(path.stat().st_size for path in files)


@pytest.mark.parametrize(
    ("process", "host", "state"),
    [
        (os.getpid(), socket.gethostname(), "training"),
        (2**22 + 1, socket.gethostname(), "finished"),  # Above the largest number of a process.
        (os.getpid(), "another", "finished"),
    ],
    ids=["this process", "no process", "another machine"],
)
def test_a_run_is_training_while_its_process_runs(runs, process, host, state):
    holder = runs / "finished" / ".lock-holder"
    holder.write_text(json.dumps({"process": process, "host": host}))
    try:
        assert by_name(runs)["finished"].state == state
    finally:
        holder.unlink()


def test_a_run_that_trains_holds_its_lock(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.create("batch = 1\n", {})
    with folder.lock():
        assert by_name(tmp_path)["run"].state == "damaged"  # The configuration has no network.
    seen = []
    gankit.train(
        backend="numpy", dataset="glyphs", steps=1, batch=4, latent=3, **NETWORKS,
        out=tmp_path / "other", callbacks=lambda _: seen.append(by_name(tmp_path)["other"].state),
    )  # fmt: skip
    assert seen == ["training"]


def test_a_run_is_listed_once_though_links_lead_to_it(tmp_path):
    for place in ("runs/mine", "elsewhere/other"):
        RunFolder(tmp_path / place).create("batch = 1\n", {})
    links = {"latest": "mine", "all": ".", "more": "../elsewhere"}
    for link, target in links.items():
        (tmp_path / "runs" / link).symlink_to(target, target_is_directory=True)
    assert [run.name for run in run_summaries(tmp_path / "runs")] == ["mine", "more/other"]


def test_the_folder_of_a_run_is_listed_alone(runs):
    (run,) = run_summaries(runs / "finished")
    assert (run.name, run.state) == (".", "finished")


def test_the_command_prints_a_table_and_the_reasons(command, runs):
    head, *rows = command("runs", runs).out.splitlines()
    assert head.split() == [
        "run", "recipe", "data", "backend", "steps", "state", "frechet", "size", "age"
    ]  # fmt: skip
    assert [row.split()[0] for row in rows[:5]] == sorted(by_name(runs))
    assert "stopped stopped: enough" in rows
    assert re.search(r"finished +simple +glyphs +numpy +4 of 4 +finished", "\n".join(rows))


@pytest.mark.parametrize(
    ("column", "first"), [("steps", "diverged"), ("frechet", "evaluated/mine"), ("age", "damaged")]
)
def test_the_table_is_sorted_by_a_column(command, runs, column, first):
    if column == "steps":
        first = max(run_summaries(runs), key=lambda run: run.step).name
    _, row, *_ = command("runs", runs, "--sort", column).out.splitlines()
    assert row.split()[0] == first


def test_json_has_all_values(command, runs):
    rows = json.loads(command("runs", runs, "--json").out)
    assert [row["name"] for row in rows] == sorted(by_name(runs))
    assert all(row.keys() == ROW for row in rows)


def test_a_folder_without_runs_and_no_folder(command, tmp_path):
    assert command("runs", tmp_path).out == f"no runs in {tmp_path}\n"
    ended = command("runs", tmp_path / "none")
    assert ended.code == ExitCode.CHECKPOINT
    assert "no such folder; give a folder that contains runs" in ended.err
    (tmp_path / "file").touch()
    ended = command("runs", tmp_path / "file")
    assert ended.code == ExitCode.CHECKPOINT
    assert "it is a file; give a folder that contains runs" in ended.err
