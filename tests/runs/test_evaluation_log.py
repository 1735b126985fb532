"""The log of evaluations."""

from __future__ import annotations

import dataclasses
import errno
import json
import threading
import tracemalloc

import pytest

from gankit.errors import CheckpointError, StorageError
from gankit.evaluation import Evaluation
from gankit.runs import evaluation_log

FIGURES = Evaluation(
    features="64 classifier and 18 local features (6a139aa6)",
    reference="all 300 training images of drawn",
    samples=100,
    reference_samples=300,
    neighbours=5,
    frechet=12.5,
    kernel=-0.25,
    kernel_deviation=0.1,
    kernel_all=0.0,
    precision=0.5,
    recall=0.5,
    density=1.5,
    coverage=0.25,
    nearest=0.3,
    score=2.0,
    reference_score=2.5,
    confidence=0.9,
    histogram=(0.25, 0.75),
    histogram_divergence=float("inf"),
    classes_seen=2,
)


def row(step, frechet=12.5, baseline=None, seed=0, **changes):
    found = dataclasses.replace(FIGURES, frechet=frechet, **changes).as_json()
    line = {"step": step, "seed": seed, **found}
    real = dataclasses.replace(FIGURES, frechet=baseline or 0.0, **changes).as_json()
    return line | ({"baseline": {"split": "100 test images", **real}} if baseline else {})


ROWS = [row(6, 30.0, baseline=1.5), row(12, 10.0), row(18, 20.0)]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "run" / "evaluations.jsonl"
    path.parent.mkdir()
    for one in ROWS:
        assert evaluation_log.append(path, one)
    return path


def test_evaluations_are_read_back_equal(path):
    assert evaluation_log.read(path) == ROWS
    assert len(path.read_text().splitlines()) == 3


def test_the_log_has_every_metric_of_an_evaluation():
    # It says nothing about a metric that it does not know.
    named = (
        *evaluation_log.WORDS,
        *evaluation_log.COUNTS,
        *evaluation_log.NUMBERS,
        *evaluation_log.OPTIONAL,
        "histogram",
    )
    figures = {field.name for field in dataclasses.fields(Evaluation)} - {"class_names"}
    assert sorted(named) == sorted(figures)  # What classes are called is not measured.


def test_a_kernel_distance_without_subsets_is_accepted(path):
    assert evaluation_log.append(path, row(24, kernel_deviation=None))
    assert evaluation_log.read(path)[-1]["kernel_deviation"] is None


def test_a_missing_log_has_no_evaluations(tmp_path):
    assert evaluation_log.read(tmp_path / "nothing") == []
    evaluation_log.truncate(tmp_path / "nothing", 3)
    assert not (tmp_path / "nothing").exists()


def test_an_evaluation_does_not_make_a_removed_run_folder_again(path):
    path.parent.rename(path.parent.with_name("moved"))
    with pytest.raises(StorageError, match="does not exist"):
        evaluation_log.append(path, row(24))
    assert not path.parent.exists()


def test_the_same_metrics_are_not_written_twice(path):
    before = path.read_bytes()
    assert not evaluation_log.append(path, ROWS[1])
    assert not evaluation_log.append(path, {k: v for k, v in ROWS[0].items() if k != "baseline"})
    assert path.read_bytes() == before
    assert evaluation_log.append(path, row(12, 10.0, seed=1))
    assert evaluation_log.append(path, row(12, 10.0, baseline=1.5))


def test_an_incomplete_last_line_is_ignored_and_the_next_line_is_complete(path):
    path.write_bytes(path.read_bytes()[:-5])
    assert evaluation_log.read(path) == ROWS[:2]
    evaluation_log.append(path, row(20))
    assert evaluation_log.read(path) == [*ROWS[:2], row(20)]


def test_many_processes_may_append_at_once(path):
    def write(first):
        for step in range(first, first + 20):
            evaluation_log.append(path, row(step))

    threads = [threading.Thread(target=write, args=(100 * n,)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(evaluation_log.read(path)) == 3 + 80


BAD = {
    "no JSON": '{"step": 6',
    "no table": "[]",
    "nothing": "",
    "too deep": "[" * 100_000,
    "NaN as a metric": json.dumps(ROWS[1]).replace("10.0", "NaN"),
    "an endless number": json.dumps(ROWS[1]).replace("10.0", "1e999"),
    "a number too long": json.dumps(ROWS[1]).replace("10.0", "1" + "0" * 400),
    "a step of half": json.dumps(ROWS[1] | {"step": 1.5}),
    "a step that is true": json.dumps(ROWS[1] | {"step": True}),
    "a step below none": json.dumps(ROWS[1] | {"step": -1}),
    "no seed": json.dumps({k: v for k, v in ROWS[1].items() if k != "seed"}),
    "no distance": json.dumps({k: v for k, v in ROWS[1].items() if k != "frechet"}),
    "a word for a distance": json.dumps(ROWS[1] | {"frechet": "10"}),
    "a number for features": json.dumps(ROWS[1] | {"features": 3}),
    "words for shares": json.dumps(ROWS[1] | {"histogram": ["a"]}),
    "a baseline that is a number": json.dumps(ROWS[1] | {"baseline": 3}),
    "a baseline without its split": json.dumps(
        ROWS[0] | {"baseline": {k: v for k, v in ROWS[0]["baseline"].items() if k != "split"}}
    ),
    "a baseline without a figure": json.dumps(ROWS[1] | {"baseline": {"split": "all"}}),
}


@pytest.mark.parametrize("line", BAD.values(), ids=BAD)
@pytest.mark.parametrize(
    "use", [evaluation_log.read, lambda path: evaluation_log.truncate(path, 12)]
)
def test_any_other_line_is_refused_by_number_and_stays(path, line, use):
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], line, lines[2]]) + "\n")
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match=r"evaluations\.jsonl, line 2: .*remove the line"):
        use(path)
    assert path.read_bytes() == before


def test_a_file_of_only_newlines_needs_no_memory(path):
    path.write_bytes(b"\n" * 40_000_000)
    tracemalloc.start()
    with pytest.raises(CheckpointError, match="line 1: "):
        evaluation_log.read(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2 * evaluation_log.MOST_BYTES  # A list of the lines would take 320 MB.


def test_a_file_that_is_too_large_or_a_link_is_refused(path, monkeypatch):
    monkeypatch.setattr(evaluation_log, "MOST_BYTES", 100)
    with pytest.raises(CheckpointError, match="expected at most 100"):
        evaluation_log.read(path)
    path.with_name("link").symlink_to(path)
    with pytest.raises(CheckpointError, match="symbolic link"):
        evaluation_log.read(path.with_name("link"))


@pytest.mark.parametrize(("steps", "kept"), [(0, 0), (6, 1), (17, 2), (18, 3)])
def test_truncating_keeps_the_evaluations_up_to_a_step(path, steps, kept):
    path.write_bytes(path.read_bytes() + b'{"torn')
    evaluation_log.truncate(path, steps)
    assert path.read_text() == "".join(json.dumps(one) + "\n" for one in ROWS[:kept])


def test_a_log_that_cannot_be_written_is_a_storage_error(path, fail_at):
    before = path.read_bytes()
    fail_at(1, errno.ENOSPC)
    with pytest.raises(StorageError, match=r"evaluations\.jsonl: the disk is full"):
        evaluation_log.append(path, row(20))
    assert path.read_bytes() == before


def test_curves_use_the_common_settings_and_tables_the_most_images():
    rows = [row(6), row(12), row(12, samples=50), row(12, samples=200), row(9)]
    assert list(evaluation_log.comparable(rows)) == [6, 9, 12]
    assert {one["samples"] for one in evaluation_log.comparable(rows).values()} == {100}
    assert evaluation_log.newest(rows)["samples"] == 200
    assert evaluation_log.newest([]) == evaluation_log.comparable([]) == {}


def test_metrics_are_described_by_all_their_settings():
    said = evaluation_log.described(row(6))
    for part in ("100 images", "seed 0", "all 300 training images of drawn", "64 classifier"):
        assert part in said


def test_the_best_is_the_lowest_with_a_checkpoint_and_the_first_of_equals():
    rows = [*ROWS, row(24, 10.0)]
    assert evaluation_log.best(rows, [6, 12, 18, 24], 100)["step"] == 12
    assert evaluation_log.best(rows, [6, 18], 100)["step"] == 18
    assert evaluation_log.best(rows, [], 100) is None
    assert evaluation_log.best([], [6], 100) is None


def test_only_evaluations_with_equal_settings_are_comparable():
    steps = [6, 12, 18, 24]
    assert evaluation_log.best([*ROWS, row(24, 1.0, samples=50)], steps, 100)["step"] == 12
    assert evaluation_log.best([*ROWS, row(24, 1.0, seed=1)], steps, 100)["step"] == 12
    other = row(24, 99.0, features="64 classifier and 18 local features (00000000)")
    assert evaluation_log.best([*ROWS, other], steps, 100)["step"] == 24
    assert evaluation_log.best(ROWS, steps, 50) is None


def test_an_evaluation_by_a_plugins_features_never_chooses_the_best():
    other = row(24, 0.1, features="mine") | {evaluation_log.REQUESTED: "mine"}
    assert evaluation_log.best([*ROWS, other], [6, 12, 18, 24], 100)["step"] == 12


def other(step, frechet=0.1, features="mine"):
    """Return an evaluation by requested features."""
    return row(step, frechet, features=features) | {evaluation_log.REQUESTED: features}


def test_evaluations_by_requested_features_are_shown_only_without_others():
    rows = [*ROWS, other(18), other(24), other(30), other(36)]
    assert [*evaluation_log.comparable(rows)] == [6, 12, 18]
    assert evaluation_log.newest(rows) == ROWS[-1]
    assert [*evaluation_log.comparable(rows[3:])] == [18, 24, 30, 36]
    assert evaluation_log.newest(rows[3:])["step"] == 36


def test_logs_are_shown_together_only_by_features_of_one_kind():
    mine, theirs = other(6), other(6, features="theirs")
    assert evaluation_log.of_one_kind([[*ROWS, mine], [mine], []]) == [ROWS, [], []]
    assert evaluation_log.of_one_kind([[theirs, mine], [mine], [theirs], [mine]]) == [
        [mine], [mine], [], [mine]
    ]  # fmt: skip
    assert evaluation_log.of_one_kind([[], []]) == [[], []]


def test_a_baseline_is_valid_for_equal_settings_whatever_the_seed():
    assert evaluation_log.baseline_for(ROWS, row(99, seed=5))["frechet"] == 1.5
    assert evaluation_log.baseline_for(ROWS, row(99, samples=50)) is None
    assert evaluation_log.baseline_for(ROWS, row(99, features="others")) is None
    assert evaluation_log.baseline_for(ROWS[1:], row(99)) is None
