"""The log of a run's time."""

from __future__ import annotations

import numpy as np
import pytest

import gankit
from gankit.launch import training_time
from gankit.runs import time_log
from tests.short_runs import train


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "times.jsonl"
    for step, seconds in ((10, 1.25), (30, 2.5)):
        time_log.append(found, step, seconds)
    return found


def test_times_are_read_back_equal(path):
    assert time_log.read_valid(path).tolist() == [[10, 1.25], [30, 2.5]]


def test_a_missing_file_has_no_times(tmp_path):
    assert time_log.read_valid(tmp_path / "none").shape == (0, 2)
    time_log.truncate(tmp_path / "none", 3)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("steps", "kept"), [(9, []), (10, [10]), (29, [10]), (30, [10, 30])])
def test_times_after_a_step_can_be_removed(path, steps, kept):
    time_log.truncate(path, steps)
    assert time_log.read_valid(path)[:, 0].tolist() == kept


@pytest.mark.parametrize("line", [
    "{", "[]", "null", '{"step": 40}', '{"step": true, "seconds": 9}',
    '{"step": 40.5, "seconds": 9}', '{"step": 40, "seconds": NaN}',
    '{"step": 40, "seconds": 1e400}', '{"step": 40, "seconds": "9"}',
    '{"step": 20, "seconds": 9}', '{"step": 40, "seconds": 2}', "[" * 20_000, "\udcff",
])  # fmt: skip
def test_a_damaged_line_is_left_out(path, line):
    path.write_bytes(path.read_bytes() + line.encode("utf-8", "surrogateescape") + b"\n")
    time_log.append(path, 50, 3.0)
    assert time_log.read_valid(path).tolist() == [[10, 1.25], [30, 2.5], [50, 3.0]]


def test_seconds_between_two_lines_are_in_proportion(path):
    seconds = time_log.seconds_at(time_log.read_valid(path), np.array([0, 5, 20, 40]))
    assert seconds.tolist() == [0, 0.625, 1.875, 2.5]


def test_a_run_logs_its_time_and_a_resumed_run_continues_the_log(tmp_path, monkeypatch):
    monkeypatch.setattr(training_time, "GAP", 0.0)
    train(out=tmp_path / "run", steps=4)
    first = time_log.read_valid(tmp_path / "run" / "times.jsonl")
    gankit.train(out=tmp_path / "run", resume=True, steps=8)
    both = time_log.read_valid(tmp_path / "run" / "times.jsonl")
    assert both[: len(first)].tolist() == first.tolist()
    assert (first[-1, 0], both[-1, 0]) == (4, 8)
    assert both[-1, 1] > first[-1, 1] > 0


def test_the_log_grows_slower_than_the_run(tmp_path):
    class Time:
        seconds = 0.0

    log = training_time.TimeLog(tmp_path / "times.jsonl", time := Time())
    for step in range(1, 20_001):  # 56 hours of a step every ten seconds.
        time.seconds += 10.0
        log(type("Progress", (), {"step": step, "done": step == 20_000}))
    times = time_log.read_valid(tmp_path / "times.jsonl")
    assert 200 < len(times) < 500
    assert times[-1].tolist() == [20_000, 200_000]
    assert (np.diff(times[:, 1]) < 0.03 * times[1:, 1] + 20).all()


def test_the_time_of_a_stopped_run_is_logged(tmp_path):
    run = train(
        out=tmp_path / "run",
        steps=9,
        callbacks=lambda progress: progress.step == 2 and progress.stop("enough"),
    )
    assert run.stopped == "enough"
    assert time_log.read_valid(tmp_path / "run" / "times.jsonl")[:, 0].tolist() == [2]
