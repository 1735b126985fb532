"""The CSV log: in a run of its own, in one that is resumed, and in none that does not ask."""

import csv

import numpy as np
import pytest
from gankit_csv import CsvLog

import gankit

HEAD = b"step,discriminator,generator"


@pytest.fixture
def train(tmp_path):
    """Return what trains up to a step, in a folder of that name or in memory."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 28, 28), np.uint8)
    np.save(tmp_path / "noise.npy", noise)

    def run(steps, folder, **settings):
        return gankit.train(
            backend="numpy", dataset=str(tmp_path / "noise.npy"), steps=steps, batch=4,
            out=folder and tmp_path / folder, **settings,
        )  # fmt: skip

    return run


def test_a_row_has_the_losses_of_its_step(train, tmp_path):
    run = train(20, "run")
    head, *rows = csv.reader((tmp_path / "run" / "losses.csv").read_text().splitlines())
    assert head == ["step", "discriminator", "generator"]
    assert [int(row[0]) for row in rows] == [10, 20]
    assert [[float(loss) for loss in row[1:]] for row in rows] == run.history[[9, 19]].tolist()


def test_a_resumed_run_has_the_log_of_one_that_was_never_stopped(train, tmp_path):
    train(30, "whole")
    train(14, "parts")
    with (tmp_path / "parts" / "losses.csv").open("a") as file:
        file.write("20,0.5,0.5\n30,0.")  # As if killed after the checkpoint of step 14.
    train(30, "parts", resume=True)
    parts, whole = (tmp_path / name / "losses.csv" for name in ("parts", "whole"))
    assert parts.read_text() == whole.read_text()


@pytest.mark.parametrize("content", [b"dear Ada\n", HEAD + b"\nabc,1,2\n", b"\xff\n"])
def test_a_file_of_another_kind_is_refused_and_stays_as_it_is(train, tmp_path, content):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "losses.csv").write_bytes(content)
    with pytest.raises(gankit.GankitError, match="is no log of losses; move it away"):
        train(4, "run")
    assert (tmp_path / "run" / "losses.csv").read_bytes() == content


def test_a_file_that_a_kill_left_empty_is_begun_anew(train, tmp_path):
    train(14, "run")
    (tmp_path / "run" / "losses.csv").write_bytes(b"")
    train(20, "run", resume=True)
    assert (tmp_path / "run" / "losses.csv").read_bytes().startswith(HEAD + b"\n20,")


def test_a_run_in_memory_leaves_no_file(train, tmp_path):
    train(4, None)
    assert not list(tmp_path.rglob("*.csv"))


def test_it_asks_for_a_block_to_end_where_a_row_is_due(tmp_path):
    log = CsvLog(tmp_path / "losses.csv", steps=10)
    assert [log.next_boundary(step) for step in (0, 9, 10)] == [10, 10, 20]
