"""Parts of a measurement keep to their time, and continue where they stopped."""

import itertools

import pytest

from tests.benchmarks.timed_parts import Rows, deadlines, measure, table


@pytest.fixture
def file(tmp_path):
    return tmp_path / "part.json"


def units(seen, count=4):
    return {f"unit {i}": lambda i=i: seen.append(i) or {"number": i} for i in range(count)}


def test_a_part_begins_no_unit_after_its_end_and_continues_there(file):
    seen, clock = [], itertools.count().__next__
    measure(Rows(file), units(seen), end=2, clock=clock)
    assert seen == [0, 1]
    assert not Rows(file).done
    measure(Rows(file), units(seen), end=9, clock=clock)
    assert seen == [0, 1, 2, 3]
    assert Rows(file).done
    assert Rows(file).found == {f"unit {i}": {"number": i} for i in range(4)}


def test_a_row_is_in_the_file_before_the_next_unit_begins(file):
    def killed():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(Rows(file), {"first": lambda: {"number": 1}, "second": killed}, 1, lambda: 0)
    assert Rows(file).found == {"first": {"number": 1}}
    assert not Rows(file).done


def test_a_unit_that_fails_has_a_row_and_the_others_are_measured(file):
    def failing():
        raise MemoryError("no memory\nfor this")

    measure(Rows(file), {"first": failing, "second": lambda: {"number": 2}}, 1, lambda: 0)
    wanted = {"first": {"error": "MemoryError: no memory"}, "second": {"number": 2}}
    assert Rows(file).found == wanted
    assert Rows(file).done


def test_time_that_a_part_leaves_is_for_the_next():
    assert deadlines({"a": 0.3, "b": 0.1, "c": 0.6}, 600) == pytest.approx(
        {"a": 180, "b": 240, "c": 600}
    )
    assert deadlines({"b": 0.1, "c": 0.3}, 60) == pytest.approx({"b": 15, "c": 60})


def test_a_table_has_a_column_for_each_key():
    rows = {"first": {"ms": 1234.56, "same": True}, "second": {"error": "no"}}
    assert table(rows).splitlines() == [
        "        ms       same  error",
        "first   1,234.6  yes   -",
        "second  -        -     no",
    ]
    assert table({}) == ""
