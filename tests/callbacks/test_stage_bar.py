"""The progress bar over several stages, and its estimate of the time left."""

from __future__ import annotations

import io

import pytest

from gankit.callbacks.stage_bar import Stages


class Clock:
    """A clock set by the test."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def said():
    return io.StringIO()


@pytest.fixture
def stages(clock, said):
    return Stages(
        {"reading": 1.0, "making": 4.0, "evaluating": 10.0}, said, plain=True, clock=clock
    )


def test_the_first_estimate_is_the_sum_of_the_guesses(stages):
    stages("reading", 0.0)
    assert stages.left() == 15


def test_finished_stages_calibrate_the_guesses(stages, clock):
    stages("reading", 0.0)
    clock.now += 2
    stages("making", 0.0)
    assert stages.left() == 2 * (4 + 10)
    clock.now += 3
    assert stages.left() == 2 * (4 + 10) - 3


def test_progress_in_a_stage_counts_more_than_its_guess(stages, clock):
    stages("reading", 0.0)
    clock.now += 1
    stages("making", 0.0)
    clock.now += 6
    stages("making", 0.25)
    assert stages.left() == 18 + 10


def test_the_time_left_of_a_late_stage_is_not_negative(stages, clock):
    stages("evaluating", 0.0)
    clock.now += 500
    assert stages.left() == 0


def test_unexpected_stages_are_added_and_skipped_stages_are_dropped(stages, clock):
    stages("reading", 0.0)
    clock.now += 1
    stages("training", 0.0)
    clock.now += 30
    stages("training", 0.5)
    assert stages.left() == 30 + 4 + 10
    stages("evaluating", 0.0)
    assert stages.left() == 10


def test_without_a_terminal_a_plain_line_is_printed_now_and_then(stages, clock, said):
    for second in range(12):
        clock.now = 100.0 + second
        stages("making", second / 12)
    stages.close()
    assert said.getvalue().splitlines() == ["making  00:17 left", "making  00:12 left"]


def test_a_bar_shows_the_stage_and_the_time_left_and_is_removed_at_the_end(clock, said):
    stages = Stages({"making": 4.0, "evaluating": 6.0}, said, plain=False, clock=clock)
    stages("making", 0.0)
    clock.now += 4
    stages("evaluating", 0.0)
    stages.close()
    last = said.getvalue().split("\r")
    assert any(" 40%|" in line and "evaluating  00:06 left" in line for line in last)
    assert not last[-1].strip()
