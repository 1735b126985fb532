"""A callback may end a run: `progress.stop(reason)`."""

from __future__ import annotations

import numpy as np
import pytest

import gankit
from gankit.callbacks import Epochs, every
from gankit.errors import ConfigError
from gankit.launch import evaluate_callback
from gankit.launch.evaluation import evaluate
from gankit.layers import Dense, Flatten, Reshape, Tanh
from gankit.runs import RunFolder, evaluation_log, warning_log

IMAGES = np.random.default_rng(0).integers(0, 256, (200, 4, 4, 1), np.uint8)
NETWORKS = (Dense(16), Tanh(), Reshape((4, 4, 1))), (Flatten(), Dense(1))


def fit(**changes):
    words = {"steps": 20, "latent": 3, "batch": 4, "backend": "numpy", "progress": False}
    return gankit.fit(IMAGES, *NETWORKS, **words | changes)


def stop_after(step, reason="good enough"):
    def callback(progress):
        if progress.step == step:
            progress.stop(reason)

    return callback


class Recorder:
    """Records its calls, and that the run has ended."""

    def __init__(self):
        self.calls = []

    def next_boundary(self, step):
        return step + 7

    def __call__(self, progress):
        self.calls.append((progress.step, progress.done))

    def finish(self, progress):
        self.calls.append(("finish", progress.step, progress.done))


def test_a_run_in_memory_ends_after_the_step():
    run = fit(callbacks=stop_after(5))
    assert (run.step, run.stopped, run.history.shape) == (5, "good enough", (5, 2))


def test_a_run_in_a_folder_has_checkpoint_grid_and_reason(tmp_path):
    run = fit(callbacks=stop_after(5), out=tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    assert (run.step, folder.checkpoints.steps()) == (5, [5])
    assert folder.sample_path(5).is_file()
    assert warning_log.read(folder.warnings)[-1] == warning_log.Warned(5, "stopped: good enough")


def test_a_stopped_run_resumes_to_the_numbers_of_an_uninterrupted_one(tmp_path):
    fit(callbacks=stop_after(5), out=tmp_path / "run")
    resumed = fit(out=tmp_path / "run", resume=True)
    assert resumed.stopped == ""
    assert np.array_equal(resumed.history, fit().history)


def test_the_first_reason_counts():
    run = fit(callbacks=[stop_after(5, " first "), stop_after(5, "second")])
    assert run.stopped == "first"


def test_callbacks_before_and_after_learn_that_the_run_has_ended():
    before, after = Recorder(), Recorder()
    fit(callbacks=[before, stop_after(3), after])
    assert before.calls == after.calls
    assert after.calls[-2:] == [(3, False), ("finish", 3, True)]


def test_a_run_that_is_not_stopped_is_not_finished_twice():
    recorder = Recorder()
    fit(callbacks=[recorder, stop_after(20)])
    assert recorder.calls[-1] == (20, True)


def test_plain_functions_are_not_called_again():
    steps = []
    fit(callbacks=[lambda p: steps.append(p.step), every(2, lambda p: p.stop("two"))])
    assert steps == [1, 2]


def test_the_line_of_the_incomplete_epoch_is_written(capsys):
    fit(callbacks=[Epochs(4, 5), stop_after(6)])
    assert "epoch   2/5, 2 of 4 steps" in capsys.readouterr().err


@pytest.mark.parametrize("reason", ["", " ", "two\nlines", None, 3])
def test_a_reason_must_be_one_line(reason):
    with pytest.raises(ConfigError, match=r"reason: got .*; expected a text of one line"):
        fit(callbacks=stop_after(1, reason))


def test_the_command_says_why_and_resuming_does_too(tmp_path, command, monkeypatch):
    from gankit import plugins

    found = plugins.callbacks
    with monkeypatch.context() as patched:
        patched.setattr(plugins, "callbacks", lambda *words: [*found(*words), every(2, budget)])
        words = ["--backend", "numpy", "--dataset", "glyphs", "--steps", 5, "--batch", 4]
        code, _, told = command("train", "simple", *words, "--out", tmp_path / "run")
    assert code == 0
    last = told.strip().splitlines()[-1]
    assert last.startswith("stopped after step 2 of 5: the budget is spent; saved. Resume with: ")
    code, _, told = command("train", "--out", tmp_path / "run", "--resume")
    assert code == 0
    assert "where a callback stopped it: the budget is spent" in told


def budget(progress):
    progress.stop("the budget is spent")


@pytest.mark.parametrize(
    ("distances", "steps"), [([5, 4, 6, 7, 3], 16), ([5, 5, 5], 12), ([5, 4, 3, 2, 1], 20)]
)
def test_a_run_stops_after_evaluations_without_a_lower_distance(
    tmp_path, monkeypatch, distances, steps
):
    left = iter(distances)

    def evaluated(_reference, run, *_words, **_more):
        row = {"step": run.step, "seed": 0, "frechet": float(next(left)), "samples": 10}
        row |= {"features": "f", "reference": "r", "reference_samples": 10, "neighbours": 5}
        return row, np.zeros((2, 2, 1), np.uint8)

    monkeypatch.setattr(evaluate_callback, "reference_of", lambda *_: object())
    monkeypatch.setattr(evaluate, "evaluate_for_log", evaluated)
    monkeypatch.setattr(evaluation_log, "append", lambda *_: None)
    run = gankit.train(
        "simple", dataset=np.tile(IMAGES[:16], (1, 7, 7, 1)), batch=4, epochs=5, backend="numpy",
        evaluate_every=1, steps_per_epoch=4, patience=2, out=tmp_path / "run", progress=False,
    )  # fmt: skip
    assert run.step == steps
    assert run.stopped == ("" if steps == 20 else "no lower Fréchet distance in 2 evaluations")
    assert RunFolder(tmp_path / "run").checkpoints.steps()[-1] == steps


def test_patience_needs_evaluations():
    with pytest.raises(ConfigError, match="patience: got 3 without evaluate_every; give both"):
        gankit.train("simple", dataset=IMAGES, patience=3)
