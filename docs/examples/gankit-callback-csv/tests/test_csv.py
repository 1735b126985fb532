"""The CSV log of a run, of a resumed run, and of a run in memory."""

import csv

import numpy as np
import pytest
from gankit_csv import CsvLog

import gankit

HEAD = b"step,discriminator,generator"


@pytest.fixture
def train(tmp_path):
    """Return a function that trains up to a step, in a folder of that name or in memory."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 28, 28), np.uint8)
    np.save(tmp_path / "noise.npy", noise)

    def run(steps, folder, **settings):
        return gankit.train(
            backend="numpy",
            dataset=str(tmp_path / "noise.npy"),
            steps=steps,
            batch=4,
            out=folder and tmp_path / folder,
            **settings,
        )

    return run


def test_a_row_has_the_losses_of_its_step(train, tmp_path):
    run = train(20, "run")
    head, *rows = csv.reader((tmp_path / "run" / "losses.csv").read_text().splitlines())
    assert head == ["step", "discriminator", "generator"]
    assert [int(row[0]) for row in rows] == [10, 20]
    assert [[float(loss) for loss in row[1:]] for row in rows] == run.history[[9, 19]].tolist()


def test_a_resumed_run_has_the_log_of_an_uninterrupted_run(train, tmp_path):
    train(30, "uninterrupted")
    train(14, "resumed")
    with (tmp_path / "resumed" / "losses.csv").open("a") as file:
        file.write("20,0.5,0.5\n30,0.")  # As if killed after the checkpoint of step 14.
    train(30, "resumed", resume=True)
    resumed, expected = (tmp_path / name / "losses.csv" for name in ("resumed", "uninterrupted"))
    assert resumed.read_text() == expected.read_text()


@pytest.mark.parametrize("content", [b"dear Ada\n", HEAD + b"\nabc,1,2\n", b"\xff\n"])
def test_a_file_of_another_kind_is_refused_and_unchanged(train, tmp_path, content):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "losses.csv").write_bytes(content)
    with pytest.raises(gankit.GankitError, match="is not a log of losses; move it away"):
        train(4, "run")
    assert (tmp_path / "run" / "losses.csv").read_bytes() == content


def test_an_empty_file_of_a_killed_process_gets_a_header(train, tmp_path):
    train(14, "run")
    (tmp_path / "run" / "losses.csv").write_bytes(b"")
    train(20, "run", resume=True)
    assert (tmp_path / "run" / "losses.csv").read_bytes().startswith(HEAD + b"\n20,")


def test_a_run_in_memory_writes_no_file(train, tmp_path):
    train(4, None)
    assert not list(tmp_path.rglob("*.csv"))


def test_a_block_ends_at_the_step_of_the_next_row(tmp_path):
    log = CsvLog(tmp_path / "losses.csv", steps=10)
    assert [log.next_boundary(step) for step in (0, 9, 10)] == [10, 10, 20]


def test_a_run_records_how_often_a_row_is_written(train, tmp_path):
    train(3, "run", plugins={"csv": {"steps": 1}})
    gankit.train(out=tmp_path / "run", resume=True, steps=5)
    _, *rows = csv.reader((tmp_path / "run" / "losses.csv").read_text().splitlines())
    assert [int(row[0]) for row in rows] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("settings", [{"steps": 0}, {"every": 2}, {"steps": "1"}])
def test_other_settings_are_refused(train, settings):
    with pytest.raises(gankit.GankitError, match=r"plugins\.csv: got .*; expected steps"):
        train(1, "run", plugins={"csv": settings})


def test_settings_of_an_unknown_plugin_are_refused(train, tmp_path):
    with pytest.raises(gankit.GankitError, match=r"plugins\.cvs: got settings .*expected .*csv"):
        train(1, "run", plugins={"cvs": {"steps": 1}})
    assert not (tmp_path / "run").exists()
