"""The log of losses."""

from __future__ import annotations

import errno

import numpy as np
import pytest

from gankit.errors import CheckpointError, StorageError
from gankit.runs import loss_log
from gankit.runs.loss_log import LossLog

LOSSES = np.random.default_rng(0).standard_normal((20, 2))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "metrics.jsonl"
    log = LossLog(path)
    log.append(0, LOSSES[:7])
    log.append(7, LOSSES[7:])
    log.sync()
    log.close()
    return path


def test_a_step_is_a_line(tmp_path):
    log = LossLog(tmp_path / "log")
    log.append(3, np.array([[1.386, 0.693]]))
    log.close()
    assert log.path.read_text() == '{"step": 4, "discriminator": 1.386, "generator": 0.693}\n'


def test_losses_are_read_back_bit_for_bit(path):
    np.testing.assert_array_equal(loss_log.read(path), LOSSES)


def test_a_missing_log_has_no_steps(tmp_path):
    assert loss_log.read(tmp_path / "nothing").shape == (0, 2)
    loss_log.truncate(tmp_path / "nothing", 0)


def test_an_incomplete_last_line_is_ignored(path):
    path.write_bytes(path.read_bytes()[:-5])
    np.testing.assert_array_equal(loss_log.read(path), LOSSES[:-1])


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"step": 4, "discriminator": 1.0, "generator": 0.5}',
        '{"step": true, "discriminator": 1.0, "generator": 0.5}',
        '{"step": 3, "discriminator": NaN, "generator": 0.5}',
        '{"step": 3, "discriminator": "1", "generator": 0.5}',
        '{"step": 3, "discrim',
        "[" * 100_000,
    ],
    ids=range(10),
)
def test_any_other_invalid_line_is_refused_by_its_number(path, line):
    lines = path.read_text().splitlines()
    lines[2] = line
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(CheckpointError, match="line 3: "):
        loss_log.read(path)


@pytest.mark.parametrize("steps", [0, 1, 7, 19, 20])
def test_a_resumed_log_equals_an_uninterrupted_one_byte_for_byte(path, steps):
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    if steps == 20:
        path.write_bytes(whole)
    loss_log.truncate(path, steps)
    log = LossLog(path)
    log.append(steps, LOSSES[steps:])
    log.close()
    assert path.read_bytes() == whole


def test_a_log_that_ends_too_early_is_refused(path):
    with pytest.raises(CheckpointError, match="ends at step 20, before step 21"):
        loss_log.truncate(path, 21)


def test_a_log_that_cannot_be_truncated_is_unchanged(path, fail_at, monkeypatch):
    whole = path.read_bytes()
    fail_at(1, errno.ENOSPC)
    with pytest.raises(StorageError, match=r"metrics\.jsonl: the disk is full"):
        loss_log.truncate(path, 3)
    monkeypatch.undo()
    assert path.read_bytes() == whole


@pytest.mark.parametrize("call", ["append", "sync"])
def test_a_log_that_cannot_be_written_is_a_storage_error(path, fail_at, call):
    log = LossLog(path)
    log.append(20, LOSSES[:0])
    fail_at(1, errno.EIO)
    with pytest.raises(StorageError, match="input or output error"):
        log.sync() if call == "sync" else log.append(20, LOSSES[:1])
    log.close()


@pytest.mark.parametrize("lines", [0, 1, 20])
def test_the_steps_are_counted_by_the_last_line(path, lines):
    content = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(content[:lines]) + b'{"step": 21, "discr')  # Half a line of a kill.
    assert loss_log.count(path) == lines == len(loss_log.read_valid(path)[0])


def test_a_log_with_a_damaged_last_line_has_the_steps_before_the_damage(path, tmp_path):
    content = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*content[:11], b"{}\n", *content[12:], b"{}\n"]))
    assert loss_log.count(path) == 11
    assert loss_log.count(tmp_path / "none") == 0
