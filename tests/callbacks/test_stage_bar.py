"""The progress bar over several stages, and its estimate of the time left."""

from __future__ import annotations

import io

import pytest

from gankit.callbacks.stage_bar import StageBar


class Clock:
    """A clock set by the test."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def output():
    return io.StringIO()


def test_without_a_terminal_a_plain_line_is_printed_every_few_seconds(clock, output):
    bar = StageBar(output, plain=True, clock=clock)
    for second in range(12):
        clock.now = 100.0 + second
        bar("generating", second / 12)
    bar.close()
    assert output.getvalue().splitlines() == ["generating  00:07 left", "generating  00:02 left"]


def test_the_time_left_is_that_of_the_current_stage(clock, output):
    bar = StageBar(output, plain=True, clock=clock)
    bar("reading", 0.0)
    clock.now += 50
    bar("generating", 0.0)
    clock.now += 6
    bar("generating", 0.25)
    assert output.getvalue().splitlines() == ["generating", "generating  00:18 left"]


def test_in_a_terminal_each_stage_is_shown_at_once_and_the_bar_is_removed(clock, output):
    bar = StageBar(output, plain=False, clock=clock)
    bar("generating", 0.0)
    clock.now += 4
    bar("generating", 0.4)
    bar("evaluating", 0.0)
    bar.close()
    lines = output.getvalue().split("\r")
    assert any(" 40%|" in line and "generating  00:06 left" in line for line in lines)
    assert any("  0%|" in line and "evaluating" in line for line in lines)
    assert not lines[-1].strip()
