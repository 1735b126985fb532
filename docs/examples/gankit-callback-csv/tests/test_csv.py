"""The CSV log: in a run of its own, in one that is resumed, and in none that does not ask."""

import csv

import numpy as np
import pytest
from gankit_csv import CsvLog

import gankit


@pytest.fixture
def train(tmp_path, monkeypatch):
    """Return what trains up to a round, in a folder, and leaves the log that is named."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 28, 28), np.uint8)
    np.save(tmp_path / "noise.npy", noise)

    def run(steps, folder, log=None, **settings):
        monkeypatch.setenv("LOSSES_CSV", str(tmp_path / log) if log else "")
        return gankit.train(
            backend="numpy", dataset=str(tmp_path / "noise.npy"), steps=steps, batch=4,
            out=tmp_path / folder, **settings,
        )  # fmt: skip

    return run


def test_a_row_has_the_losses_of_its_round(train, tmp_path):
    run = train(20, "run", "losses.csv")
    head, *rows = csv.reader((tmp_path / "losses.csv").read_text().splitlines())
    assert head == ["round", "discriminator", "generator"]
    assert [int(row[0]) for row in rows] == [10, 20]
    assert [[float(loss) for loss in row[1:]] for row in rows] == run.history[[9, 19]].tolist()


def test_a_resumed_run_has_the_log_of_one_that_was_never_stopped(train, tmp_path):
    train(30, "whole", "whole.csv")
    train(14, "parts", "parts.csv")
    with (tmp_path / "parts.csv").open("a") as file:
        file.write("20,0.5,0.5\n30,0.")  # As if killed after the checkpoint of round 14.
    train(30, "parts", "parts.csv", resume=True)
    assert (tmp_path / "parts.csv").read_text() == (tmp_path / "whole.csv").read_text()


def test_a_file_of_another_kind_is_refused_and_stays_as_it_is(train, tmp_path):
    (tmp_path / "letter.csv").write_text("dear Ada")
    with pytest.raises(gankit.GankitError, match="is no log of losses; name another file"):
        train(4, "run", "letter.csv")
    assert (tmp_path / "letter.csv").read_text() == "dear Ada"


def test_without_the_variable_nothing_is_written(train, tmp_path):
    train(4, "run")
    assert not list(tmp_path.glob("*.csv"))


def test_it_asks_for_a_block_to_end_where_a_row_is_due(tmp_path):
    log = CsvLog(tmp_path / "losses.csv", rounds=10)
    assert [log.edge(step) for step in (0, 9, 10)] == [10, 10, 20]
