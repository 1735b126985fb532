"""Evaluation during training: it changes no number, saves the best, and resumes."""

from __future__ import annotations

import itertools
import os
import signal
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import gankit
from gankit import plugins
from gankit.callbacks import Evaluations, every
from gankit.config.layering import config_of, from_file, from_recipe
from gankit.errors import CheckpointError, ConfigError, DataError
from gankit.evaluation.features import classifier
from gankit.launch import execute, open_folder, resolved_plan
from gankit.launch.evaluation import evaluate, progress, reference_data
from gankit.runs import CheckpointStore, RunFolder, evaluation_log, read_checkpoint
from tests.evaluation_runs import CONFIG, dataset, write
from tests.runs.test_evaluation_log import row

HEIGHTS = {6: 30.0, 12: 10.0, 18: 20.0, 20: 25.0}
"""Fréchet distances by the step, that of step 12 the lowest; checkpoints are due every four."""


@pytest.fixture(autouse=True)
def quick(machine, monkeypatch):
    """Give each test an empty machine and fast classifiers."""
    monkeypatch.setattr(classifier, "steps_for", lambda _: 60)
    write(machine / "digits.npz")
    (machine / "run.toml").write_text(CONFIG, "utf-8")


@pytest.fixture
def canned(monkeypatch):
    """Replace measured distances by those of HEIGHTS; return the calls."""
    asked = []

    def evaluated(_reference, run, count, before=()):
        asked.append(run.step)
        run.sample(count)  # As a true one does.
        baseline = (
            1.5
            if evaluation_log.baseline_for(before, row(run.step, samples=count)) is None
            else None
        )
        found = row(run.step, HEIGHTS.get(run.step, 40.0), baseline, samples=count)
        return found, np.zeros((4, 4), np.uint8)

    monkeypatch.setattr(reference_data, "make", lambda *_, **__: SimpleNamespace())
    monkeypatch.setattr(evaluate, "evaluate_for_log", evaluated)
    return asked


def train(out, callbacks=(), stop=lambda: False, resume=False, **settings):
    """Train 20 steps, an epoch being three of them, and evaluate every second epoch."""
    given = {"dataset": "./digits.npz", "evaluate_every": 2} | settings
    config = config_of([from_recipe("simple"), from_file(Path("run.toml")), ("here", given)])
    plan = resolved_plan.resolve(config)
    return execute.launch(plan, Path(out), resume=resume, callbacks=callbacks, stop=stop)


def train_until(out, stopped, **settings):
    """Train, and ask to stop after so many steps."""
    steps = itertools.count(1)
    train(out, [every(1, lambda _: None)], lambda: next(steps) == stopped, **settings)


def log(out):
    return evaluation_log.read(Path(out) / "evaluations.jsonl")


def checkpoints(out):
    return RunFolder(out).checkpoints.steps()


def left(out):
    """Return the files that are equal in equal runs: all but facts, manifests and times."""
    own = {"environment.json", "manifest.json", "times.jsonl", ".lock"}
    return {
        path.relative_to(out): path.read_bytes()
        for path in sorted(Path(out).rglob("*"))
        if path.is_file() and path.name not in own
    }


class Killed(BaseException):
    """Raised in place of a process's end."""


def test_a_run_is_evaluated_every_few_epochs_and_at_its_end(canned):
    train("run")
    assert canned == [6, 12, 18, 20]
    assert [one["step"] for one in log("run")] == canned
    assert [int(path.stem) for path in sorted(Path("run/nearest").iterdir())] == canned


@pytest.mark.usefixtures("canned")
def test_the_baseline_is_measured_once():
    train("run")
    assert ["baseline" in one for one in log("run")] == [True, False, False, False]


@pytest.mark.usefixtures("canned")
def test_the_best_checkpoint_is_saved_at_any_step_and_not_pruned():
    seen = {}
    train("run", [every(1, lambda now: seen.update({now.step: checkpoints("run")}))])
    assert seen[6] == [4, 6]
    assert seen[8] == [6, 8]
    assert seen[12] == [8, 12]
    assert seen[16] == [12, 16]
    assert seen[18] == [12, 16]  # It is not the best, and none is due.
    assert seen[20] == [12, 16, 20]


def test_a_run_is_not_evaluated_by_default(canned):
    train("run", evaluate_every=None)
    assert canned == []
    assert not Path("run/evaluations.jsonl").exists()
    assert checkpoints("run") == [16, 20]


@pytest.mark.usefixtures("canned")
def test_the_best_can_be_loaded_sampled_evaluated_and_is_listed(command):
    train("run")
    best = gankit.load("run", best=True)
    assert (best.step, gankit.load("run").step) == (12, 20)
    assert len(best.history) == 12
    command("sample", "run", "--best", "--out", "best.npy")
    np.testing.assert_array_equal(np.load("best.npy"), best.sample(25))
    lines = command("checkpoint", "list", "run").out.splitlines()
    assert lines[0].endswith(
        "valid, best: Fréchet distance 10, 64 classifier and 18 local features (6a139aa6)"
    )
    assert all(line.endswith("valid") for line in lines[1:])


@pytest.mark.usefixtures("canned")
def test_a_damaged_best_checkpoint_is_refused():
    train("run")
    (file,) = Path("run/checkpoints/000012").glob("generator.safetensors")
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="000012"):
        gankit.load("run", best=True)
    assert gankit.load("run").step == 20


@pytest.mark.usefixtures("canned")
def test_the_prune_command_keeps_the_best_checkpoint(command):
    train("run")
    ended = command("checkpoint", "prune", "run", "--keep", "1")
    assert ended.code == 0
    assert ended.out.splitlines() == ["run/checkpoints/000016"]
    assert checkpoints("run") == [12, 20]
    Path("run/evaluations.jsonl").write_text("{}\n")
    assert "the best checkpoint is unknown" in command("checkpoint", "list", "run").err


def test_pruning_can_keep_one_step_beside_the_newest(tmp_path):
    store = CheckpointStore(tmp_path)
    for step in (1, 2, 3, 4, 5):
        store.save(step, {"a/b": np.zeros(1)})
    store.prune(2, 5, 2)
    assert store.steps() == [2, 4, 5]
    store.prune(2, 5, 4)
    assert store.steps() == [4, 5]


def test_evaluation_changes_no_number_of_training():
    train("plain", evaluate_every=None)
    train("evaluated", evaluate_every=1)
    assert len(log("evaluated")) == 7
    plain, evaluated = (Path(run, "metrics.jsonl").read_bytes() for run in ("plain", "evaluated"))
    assert plain == evaluated
    states = [
        read_checkpoint(Path(run, "checkpoints/000020")).state for run in ("plain", "evaluated")
    ]
    assert states[0].keys() == states[1].keys()
    assert all(np.array_equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize("stopped", [1, 6, 7, 12, 17, 19])
@pytest.mark.usefixtures("canned")
def test_a_stopped_and_resumed_run_writes_the_files_of_an_uninterrupted_run(stopped):
    train("whole")
    train_until("run", stopped)
    assert checkpoints("run")[-1] == stopped
    assert [one["step"] for one in log("run")] == [step for step in HEIGHTS if step <= stopped]
    train("run", resume=True)
    # Where it was stopped there is one more picture, and a checkpoint that may push out another.
    kept = {path: content for path, content in left("whole").items() if "16" not in str(path)}
    assert left("run").items() >= kept.items()
    assert gankit.load("run", best=True).step == 12


@pytest.mark.parametrize("killed", [3, 5, 6, 7, 12, 15, 18, 19])
@pytest.mark.usefixtures("canned")
def test_a_run_killed_after_any_step_and_resumed_writes_the_same_files(killed):
    def kill(_progress):
        raise Killed

    train("whole")
    with pytest.raises(Killed):
        train("run", [every(killed, kill)])
    train("run", resume=True)
    assert left("run") == left("whole")


@pytest.mark.parametrize("killed", [6, 8, 12, 20])
@pytest.mark.parametrize("call", ["save", "prune"])
@pytest.mark.usefixtures("canned")
def test_a_run_killed_between_log_and_checkpoint_writes_the_same_files(monkeypatch, killed, call):
    original = getattr(CheckpointStore, call)

    def strike(store, *arguments):
        if killed in arguments:
            raise Killed
        original(store, *arguments)

    train("whole")
    with monkeypatch.context() as patch:
        patch.setattr(CheckpointStore, call, strike)
        with pytest.raises(Killed):
            train("run")
    train("run", resume=True)
    assert left("run") == left("whole")


@pytest.mark.usefixtures("canned")
def test_evaluations_after_the_last_checkpoint_are_removed(monkeypatch):
    save = CheckpointStore.save

    def strike(store, step, *rest):
        if step == 12:
            raise Killed
        save(store, step, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(CheckpointStore, "save", strike)
        with pytest.raises(Killed):
            train("run")
    assert [one["step"] for one in log("run")] == [6, 12]
    train("run", resume=True, evaluate_every=3)
    assert [one["step"] for one in log("run")] == [6, 9, 18, 20]


def test_metrics_are_the_same_after_a_resume_and_by_the_command(command):
    train("whole")
    train_until("run", 7)
    train("run", resume=True)
    assert left("run").keys() - left("whole").keys() == {Path("samples/000007.png")}
    before = Path("whole/evaluations.jsonl").read_bytes()
    assert Path("run/evaluations.jsonl").read_bytes() == before
    pictures = [Path(run, "nearest/000020.png").read_bytes() for run in ("run", "whole")]
    assert pictures[0] == pictures[1]
    ended = command("evaluate", "run", "-n", "60")
    assert ended.code == 0, ended.err
    assert Path("run/evaluations.jsonl").read_bytes() == before


@pytest.mark.usefixtures("canned")
def test_the_evaluation_interval_may_change_on_resuming():
    train_until("run", 7)
    train("run", resume=True, evaluate_every=1, evaluate_samples=80)
    assert [(one["step"], one["samples"]) for one in log("run")] == [
        (6, 60),
        *[(step, 80) for step in (9, 12, 15, 18, 20)],
    ]
    assert gankit.load("run", best=True).step == 12


@pytest.mark.usefixtures("canned")
def test_a_damaged_log_of_evaluations_stops_a_resume_and_is_unchanged():
    train_until("run", 7)
    Path("run/evaluations.jsonl").write_text("rubbish\n")
    with pytest.raises(CheckpointError, match=r"evaluations\.jsonl, line 1"):
        train("run", resume=True)
    assert Path("run/evaluations.jsonl").read_text() == "rubbish\n"


def test_images_that_cannot_be_evaluated_are_refused_before_training(command):
    words = ["train", "--config", "run.toml", "--dataset", "./digits.npz", "--out", "run"]
    few = command(*words, "--set", "evaluate_every=1", "--set", "evaluate_samples=5")
    assert few.code == 2
    assert "images: got 5; expected more than 5" in few.err
    never = command(*words, "--set", "evaluate_every=0")
    assert never.code == 2
    assert "evaluate_every: got 0" in never.err
    assert not Path("run").exists()


def test_missing_test_images_do_not_stop_training(monkeypatch):
    def lost(_):
        raise DataError("the test images are not here")

    monkeypatch.setattr(plugins, "get_dataset", lambda _: dataset(test=lost))
    with pytest.warns(UserWarning, match="no real-image baseline"):
        train("run", dataset="few")
    assert not any("baseline" in one for one in log("run"))


def test_test_images_come_from_the_users_folder(monkeypatch, tmp_path):
    asked = []
    found = dataset(test=lambda folder: asked.append(folder) or pytest.fail("asked"))
    monkeypatch.setattr(plugins, "get_dataset", lambda _: found)
    settings = {"dataset": "few", "evaluate_every": 2}
    config = config_of([from_recipe("simple"), from_file(Path("run.toml")), ("here", settings)])
    plan = resolved_plan.resolve(config, tmp_path)
    with pytest.raises(pytest.fail.Exception):
        execute.launch(plan, Path("run"))
    assert asked == [tmp_path]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_the_classifier_trains_ends_at_once_and_writes_nothing(
    command, monkeypatch, number, code
):
    def classifier_of(_data, progress):
        os.kill(os.getpid(), number)
        progress(20, 400, 1.0)
        pytest.fail("it went on")

    monkeypatch.setattr("gankit.launch.evaluation.reference_data.classifier_of", classifier_of)
    before = sorted(Path().rglob("*"))
    ended = command(
        "train", "--config", "run.toml", "--dataset", "./digits.npz", "--set", "evaluate_every=1"
    )
    assert ended.code == code
    assert ended.err.splitlines()[-1] == "gankit: stopped"
    assert sorted(Path().rglob("*")) in (before, [*before, Path("runs")])


def test_the_disk_space_check_counts_the_best_checkpoint_and_grids():
    def space(**settings):
        given = {"dataset": "./digits.npz"} | settings
        config = config_of([from_recipe("simple"), from_file(Path("run.toml")), ("here", given)])
        plan = resolved_plan.resolve(config)
        trainer = plan.backend.trainer(plan.problem)
        state = sum(array.nbytes for array in trainer.state().values())
        return open_folder.space_needed(plan, trainer, 0), state

    (plain, state), (evaluated, _) = space(), space(evaluate_every=2)
    assert evaluated - plain == state + 4 * open_folder.PICTURE_BYTES
    # No more are ever there than are saved.
    (one, _), (another, _) = space(steps=1), space(steps=1, evaluate_every=2)
    assert another - one == state + open_folder.PICTURE_BYTES


def test_each_evaluation_prints_a_line(tmp_path):
    said = []
    folder = RunFolder(tmp_path)
    found = [row(6, 30.0, baseline=1.5), row(12, 10.0), row(18, 20.0)]
    evaluator = Evaluations(
        folder, lambda *_: (found.pop(0), np.zeros((2, 2), np.uint8)), 6, 18, 100, said.append
    )
    for step in range(1, 19):
        evaluator(SimpleNamespace(step=step))
    features = "64 classifier and 18 local features (6a139aa6), 100 images"
    assert said == [
        f"step 6: Fréchet distance 30 (100 real images 1.5); {features}",
        f"step 12: Fréchet distance 10 (100 real images 1.5), the lowest so far; {features}",
        f"step 18: Fréchet distance 20 (100 real images 1.5); {features}",
    ]
    assert evaluator.best([6, 18]) == 18
    assert (evaluator.next_boundary(0), evaluator.next_boundary(6)) == (6, 12)


def test_python_shows_the_evaluations_unless_switched_off(tmp_path, capsys):
    settings = tomllib.loads(CONFIG) | {"dataset": "./digits.npz", "steps": 2, "evaluate_every": 1}
    gankit.train(out=tmp_path / "run", **settings)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("training the classifier for evaluations, once for this data set: ")
    assert any(line.startswith("step 2: Fréchet distance ") for line in lines)
    gankit.train(out=tmp_path / "silent", **settings, progress=False)
    assert capsys.readouterr() == ("", "")


def test_python_refuses_evaluations_without_a_folder():
    with pytest.raises(ConfigError, match=r"evaluate_every: got 1 without out.*give out=\.\.\."):
        gankit.train(evaluate_every=1)


def test_the_classifiers_training_reports_progress():
    said, now = [], iter(range(0, 1000, 3))
    watch = progress.tell_of_training(said.append, lambda: float(next(now)))
    for step in range(1, 11):
        watch(progress.TRAINING, step / 10)
    watch("features", 0.0)
    line = "training the classifier for evaluations, once for this data set: {} seconds left"
    assert said == [line.format(left) for left in (27, 15, 3)]
