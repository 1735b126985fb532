"""The log of a run's warnings."""

from __future__ import annotations

import pytest

from gankit.errors import CheckpointError
from gankit.runs import warning_log
from gankit.runs.warning_log import Warned

FIRST, SECOND = Warned(300, "it collapsed"), Warned(900, "it exploded\nand more, ü")


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "warnings.jsonl"
    for given in (FIRST, SECOND):
        warning_log.append(found, given)
    return found


def test_warnings_are_read_back_equal(path):
    assert warning_log.read(path) == [FIRST, SECOND]


def test_a_missing_file_has_no_warnings(tmp_path):
    assert warning_log.read(tmp_path / "none") == []
    warning_log.truncate(tmp_path / "none", 3)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("steps", "kept"), [(299, []), (300, [FIRST]), (900, [FIRST, SECOND])])
def test_warnings_after_a_step_can_be_removed(path, steps, kept):
    warning_log.truncate(path, steps)
    assert warning_log.read(path) == kept


DAMAGED = {
    "no JSON": b"{",
    "no table": b"[]",
    "a key too many": b'{"step": 1, "text": "a", "more": 1}',
    "a step before the first": b'{"step": -1, "text": "a"}',
    "a step that is true": b'{"step": true, "text": "a"}',
    "a step beyond counting": b'{"step": 1e400, "text": "a"}',
    "a number as text": b'{"step": 1, "text": 1}',
    "many open brackets": b"[" * 20_000,
    "half a character": b'{"step": 1, "text": "\xff"}',
}


@pytest.mark.parametrize("line", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_line_is_reported_and_the_others_are_read(path, line):
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(CheckpointError, match="line 3: "):
        warning_log.read(path)
    assert warning_log.read_valid(path) == [FIRST, SECOND]
    warning_log.append(path, SECOND)
    assert warning_log.read(path) == [FIRST, SECOND, SECOND]


def test_a_file_that_is_too_large_is_refused(path):
    path.write_bytes(b"\n" * (warning_log.MOST_BYTES + 1))
    with pytest.raises(CheckpointError, match="at most"):
        warning_log.read(path)
