"""Callbacks between the blocks of a run, and after a resume."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import io
import os
import pty
import re
import struct
import sys
import termios
import types

import numpy as np
import pytest
from tqdm import tqdm

from gankit.callbacks import (
    Bar,
    Checkpoints,
    Epochs,
    Losses,
    Samples,
    display,
    every,
    never,
    noise_grid,
    progress,
)
from gankit.callbacks.download_bar import FileProgress
from gankit.errors import ConfigError, Diverged
from gankit.runs import loss_log
from gankit.runs.folder import RunFolder
from gankit.runs.loss_log import LossLog
from gankit.training import Progress, as_callbacks


def network(value):
    return lambda noise, _labels: np.full((len(noise), 4, 4, 1), value, np.float32)


def trainer(step, average=None, weight=0.5):
    state = {"generator/a": np.full(3, weight), "step": np.array(step)}
    return types.SimpleNamespace(generator=network(-1.0), average=average, state=lambda: state)


def losses(start, end):
    return np.stack([np.arange(start, end) + 1.25, np.arange(start, end) / 3], axis=1)


def walk(called, start, steps, largest=5, **parts):
    """Call callbacks as `fit` does, with blocks of at most `largest` steps."""
    step = start
    while step < steps:
        begin = step
        step = min([steps, step + largest, *(callback.next_boundary(step) for callback in called)])
        assert step > begin, "a boundary is after the step"
        seen = Progress(step, losses(begin, step), trainer(step, **parts), step == steps)
        for callback in called:
            callback(seen)


def kept(folder):
    """Return the callbacks that save files in a folder: epochs of 4 steps."""
    log = LossLog(folder.losses)
    return [
        Losses(log),
        Samples(folder, noise_grid(np.zeros((7, 2), np.float32)), steps_per_epoch=4, every=2),
        Checkpoints(
            folder.checkpoints, every=6, keep=2, info=lambda: {"backend": "numpy"}, log=log
        ),
    ]


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "run")


def pictures(folder):
    return sorted(int(path.stem) for path in folder.samples.iterdir())


def test_grids_are_written_after_epoch_1_every_few_epochs_and_at_the_end(folder):
    walk(kept(folder), 0, 27)
    assert pictures(folder) == [4, 8, 16, 24, 27]


def test_checkpoints_are_saved_at_multiples_and_the_end_and_the_oldest_are_removed(folder):
    walk(kept(folder), 0, 27)
    assert folder.checkpoints.steps() == [24, 27]
    info = folder.checkpoints.load(24).info
    lines = folder.losses.read_bytes().splitlines(keepends=True)
    assert info.pop("log")["bytes"] == sum(map(len, lines[:24]))
    assert info == {"backend": "numpy"}
    assert folder.checkpoints.load(24).state["step"] == 24


@pytest.mark.parametrize("stopped", [1, 4, 5, 6, 13, 24, 26])
def test_a_resumed_run_writes_the_files_of_an_uninterrupted_run(tmp_path, stopped):
    whole, resumed = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "resumed")
    walk(kept(whole), 0, 27)
    walk(kept(resumed), 0, stopped)
    loss_log.truncate(resumed.losses, stopped)
    walk(kept(resumed), stopped, 27, largest=3)
    assert resumed.losses.read_bytes() == whole.losses.read_bytes()
    assert resumed.checkpoints.steps()[-1] == 27
    assert set(resumed.checkpoints.steps()) <= {24, 27, stopped}
    assert set(pictures(resumed)) - {stopped} == set(pictures(whole)) - {stopped}


def test_grids_use_the_average_if_there_is_one(folder):
    walk(kept(folder), 0, 4, average=network(0.0))
    from PIL import Image

    with Image.open(folder.sample_path(4)) as picture:
        assert picture.size == (5 * 4 + 4 * 2, 2 * 4 + 2)
        assert picture.getpixel((0, 0)) == 128


def test_the_log_is_synced_before_a_checkpoint_is_saved(folder, monkeypatch):
    order = []
    log, store = LossLog(folder.losses), folder.checkpoints
    monkeypatch.setattr(log, "sync", lambda: order.append("sync"))
    monkeypatch.setattr(store, "save", lambda *_: order.append("save"))
    walk([Checkpoints(store, 2, 1, dict, log)], 0, 4)
    assert order == ["sync", "save"] * 2


def test_weights_that_are_not_finite_stop_the_run_and_are_not_saved(folder):
    walk(kept(folder), 0, 6)
    with pytest.raises(Diverged, match=r"holds nan after step 12"):
        walk(kept(folder), 6, 12, weight=np.nan)
    assert folder.checkpoints.steps() == [6]


def test_a_plain_function_is_called_at_multiples_only():
    called = []
    walk([every(4, lambda progress: called.append(progress.step))], 3, 18)
    assert called == [4, 8, 12, 16]


@pytest.mark.parametrize(
    ("steps", "function", "said"),
    [
        (0, print, "steps: got 0; expected a whole number, at least 1"),
        (print, 5, "steps: got the function print; expected a whole number, at least 1"),
        (5, None, "function: got None; expected a function of one argument"),
        (5, isinstance, "function: got the function isinstance of .* expected one parameter"),
        (5, list, "function: got the class list"),
    ],
)
def test_an_interval_or_a_function_that_cannot_be_used_is_refused(steps, function, said):
    with pytest.raises(ConfigError, match=said):
        every(steps, function)


async def waits(_progress):
    pass


def yields(_progress):
    yield


class Yields:
    def __call__(self, progress):
        yield progress

    def next_boundary(self, step):
        return step + 1


@pytest.mark.parametrize(
    "function",
    [waits, yields, Yields(), functools.partial(yields), Yields().__call__],
    ids=["async", "yield", "object", "partial", "method"],
)
def test_a_callback_whose_body_a_call_does_not_run_is_refused(function):
    with pytest.raises(ConfigError, match=r"^callbacks: got .* expected a plain function$"):
        as_callbacks(function)
    with pytest.raises(ConfigError, match=r"^function: got .* expected a plain function$"):
        every(2, function)


def test_callbacks_that_only_log_need_no_block_boundary(folder):
    assert Losses(LossLog(folder.losses)).next_boundary(7) == never
    assert Bar(10, 0, io.StringIO()).next_boundary(7) == never


def test_an_epoch_is_a_line_with_its_mean_losses():
    stream = io.StringIO()
    walk([Epochs(4, 3, stream)], 0, 10, largest=3)
    lines = stream.getvalue().splitlines()
    assert [line[:11] for line in lines] == ["epoch   1/3", "epoch   2/3", "epoch   3/3"]
    assert "  mean D 2.750 G 0.500  " in lines[0]
    assert "  mean D 9.750 G 2.833  " in lines[2]
    assert lines[0].endswith(" s")


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [(0, 1, ", 1 of 4 steps"), (2, 4, ", 2 of 4 steps"), (0, 4, "")],
    ids=["stopped", "resumed", "whole"],
)
def test_an_incomplete_epoch_is_marked(start, end, said):
    stream = io.StringIO()
    walk([Epochs(4, 3, stream)], start, end)
    assert stream.getvalue().startswith(f"epoch   1/3{said}  mean D ")


@pytest.fixture
def passing(monkeypatch):
    """Return a function that makes a callback in which n seconds pass per block."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])

    class Passing:
        def __init__(self, seconds):
            self.seconds = seconds

        def next_boundary(self, _step, /):
            return never

        def __call__(self, _progress, /):
            now[0] += self.seconds

    return Passing


def test_without_a_terminal_a_plain_line_is_printed_now_and_then(passing):
    stream = io.StringIO()
    walk([passing(2.0), Bar(20, 0, stream)], 0, 20, largest=2)
    lines = stream.getvalue().splitlines()
    assert [line.split()[1] for line in lines] == ["6/20", "12/20", "18/20", "20/20"]
    assert lines[0].endswith("1.0 steps/s  00:14 left")
    assert "  D 6.250 G 1.667  " in lines[0]


def test_steps_per_second_leave_out_the_time_of_callbacks(passing):
    stream, evaluation = io.StringIO(), passing(6.0)
    bar = Bar(20, 0, stream)
    bar.next_boundary(0)
    for step in (2, 4, 6):  # A block takes 0.5 seconds, an evaluation 5.5.
        now = Progress(step, losses(step - 2, step), None, done=False, seconds=0.5)
        evaluation(now)
        bar(now)
    assert stream.getvalue().splitlines()[-1].endswith("4.0 steps/s  00:42 left")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.5, []),
        (3.0, ["about 5 minutes left at 0.3 steps/s"]),
        (
            60.0,
            [
                "gankit: warning: about 1.6 hours left at 0.0 steps/s; train fewer steps, or stop "
                "with Ctrl-C when the samples are good"
            ],
        ),
    ],
)
def test_the_estimated_time_is_printed_once_and_above_an_hour_as_a_warning(passing, seconds, said):
    stream = io.StringIO()
    first = passing(1000.0)  # A framework compiles in the first block, which counts for nothing.
    bar = Bar(100, 0, stream)
    for called, start, end in [([first, bar], 0, 1), ([passing(seconds), bar], 1, 40)]:
        for callback in called:
            callback.next_boundary(start)
        for step in range(start + 1, end + 1):
            for callback in called:
                callback(Progress(step, losses(step - 1, step), trainer(step), done=False))
    assert [line for line in stream.getvalue().splitlines() if "about" in line] == said


@pytest.fixture
def terminal():
    """Return a function that opens a terminal of n columns, and one that reads it."""
    opened = []

    def make(columns):
        control, ours = pty.openpty()
        opened.append(control)
        fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
        stream = os.fdopen(ours, "w")

        def read():
            stream.close()
            drawn = b""
            with contextlib.suppress(OSError):  # So a terminal ends.
                while piece := os.read(control, 4096):
                    drawn += piece
            return [line for line in re.split(r"[\r\n]+", drawn.decode()) if line.strip()]

        return stream, read

    yield make
    for control in opened:
        os.close(control)


@pytest.mark.parametrize(("columns", "rate"), [(80, True), (60, False)])
def test_a_bar_has_both_losses_and_the_time_left_in_80_columns_and_in_60(
    passing, terminal, columns, rate
):
    stream, read = terminal(columns)
    called = [passing(0.3), Bar(51200, 51000, stream)]
    for callback in called:
        callback.next_boundary(51000)
    for step in range(51005, 51201, 5):
        row = np.array([[1.15, 1e9 if step < 51100 else 0.714]])
        for callback in called:
            callback(Progress(step, row, trainer(step), done=step == 51200))
    lines = read()
    assert all(len(line) <= columns for line in lines)
    found = re.fullmatch(
        r"100%\|(.{10,})\| 51200/51200  D 1\.150 G 0\.714  (16\.7 steps/s  )?00:00 left", lines[-1]
    )
    assert found, lines[-1]
    assert bool(found[2]) == rate
    assert any("D 1.150 G 1e+09" in line for line in lines)


def test_words_that_do_not_fit_beside_a_bar_are_left_out_completely():
    words = [(2, "making images"), (1, "of 10"), (3, "1:02:03 left")]
    assert display.fitted(words, 60) == "making images  of 10  1:02:03 left"
    assert display.fitted(words, 45) == "making images  1:02:03 left"
    assert display.fitted(words, 40) == "1:02:03 left"
    assert display.fitted(words, 20) == ""


@pytest.mark.parametrize("show", [lambda: Bar(20), lambda: Epochs(4, 5)], ids=["bar", "epochs"])
def test_without_a_standard_error_nothing_is_shown_and_nothing_fails(monkeypatch, capsys, show):
    monkeypatch.setattr(sys, "stderr", None)
    walk([show()], 0, 20)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("plain", [True, False])
def test_a_closed_stream_does_not_end_the_run(plain):
    stream = io.StringIO()
    called = [Bar(20, 0, stream, plain=plain), Epochs(4, 5, stream)]
    walk(called, 0, 8)
    stream.close()
    walk(called, 8, 20)


def test_a_bar_starts_at_the_resumed_step_and_is_redrawn_around_lines():
    stream = io.StringIO()
    bar = Bar(20, 8, stream, plain=False)
    walk([bar, Epochs(4, 5, stream)], 8, 20)
    drawn = stream.getvalue()
    assert "8/20" in drawn
    assert "20/20" in drawn
    assert "epoch   3/5" in drawn
    assert not tqdm._instances


def test_a_bar_counts_pictures_as_whole_numbers_and_bytes_in_units(capsys):
    for unit, wanted in ((" pictures", "12,345/12,345 pictures"), ("B", "12.3k/12.3kB")):
        files = FileProgress(unit=unit, plain=True)
        files("faces.npy", 12345, 12345)
        files.close()
        assert wanted in capsys.readouterr().err
