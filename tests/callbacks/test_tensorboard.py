"""`gankit train --tensorboard`: event files that agree with the run's other files."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event, SessionLog

import gankit
from gankit.callbacks import TensorBoard
from gankit.errors import ConfigError, StorageError
from gankit.runs import RunFolder, evaluation_log
from tests.export.test_export import evaluated, train


def events(folder):
    """Return every event in the folder's files, as TensorBoard would read them."""
    found = []
    for path in sorted((Path(folder) / "tensorboard").glob("events.out.tfevents.*")):
        content, place = path.read_bytes(), 0
        while place < len(content):  # Length, its sum, the message, its sum.
            (length,) = struct.unpack_from("<Q", content, place)
            found.append(Event.FromString(content[place + 12 : place + 12 + length]))
            place += 12 + length + 4
    return found


def points(folder, tag):
    """Return (step, number) of every point of a curve."""
    return [
        (event.step, value.simple_value)
        for event in events(folder)
        for value in event.summary.value
        if value.tag == tag
    ]


def pictures(folder):
    """Return {step: PNG} of the grids."""
    return {
        event.step: value.image.encoded_image_string
        for event in events(folder)
        for value in event.summary.value
        if value.tag == "samples"
    }


def train_with(folder, steps=5, **changes):
    callback = TensorBoard(RunFolder(folder))
    return train(
        folder,
        steps=steps,
        steps_per_epoch=2,
        sample_every=1,
        checkpoint_every=3,
        callbacks=[callback],
        **changes,
    )


def agree(run):
    """Assert that the events equal those of the run's files, each once."""
    for column, tag in enumerate(("loss/discriminator", "loss/generator")):
        expected = enumerate(run.history[:, column].tolist(), start=1)
        assert points(run.folder, tag) == [(s, pytest.approx(loss)) for s, loss in expected]
    files = sorted((run.folder / "samples").glob("*.png"))
    assert pictures(run.folder) == {int(path.stem): path.read_bytes() for path in files}


def test_tensorboard_has_the_losses_and_grids_of_the_run(tmp_path):
    run = train_with(tmp_path / "run")
    agree(run)
    assert sorted(pictures(run.folder)) == [2, 4, 5]
    image = next(v.image for e in events(run.folder) for v in e.summary.value if v.tag == "samples")
    assert (image.height, image.width) == (148, 148)


def test_a_resumed_run_has_each_point_once(tmp_path):
    first = train_with(tmp_path / "run", steps=3).folder / "tensorboard"
    for file in first.iterdir():  # A name has the second it was made in, which may be this one.
        file.rename(first / "events.out.tfevents.1000000000.host.gankit")
    run = train_with(tmp_path / "run", steps=7, resume=True)
    agree(run)
    assert len(list(first.iterdir())) == 1


def test_lost_steps_have_no_point(tmp_path):
    whole = train_with(tmp_path / "whole", steps=7)
    run = train_with(tmp_path / "run", steps=5)
    newest = run.folder / "checkpoints" / "000005"
    newest.rename(tmp_path / "lost")  # As if killed after step 5, before its checkpoint.
    run = train_with(tmp_path / "run", steps=7, resume=True)
    assert points(run.folder, "loss/generator") == points(whole.folder, "loss/generator")
    found = pictures(run.folder)
    assert {step: found[step] for step in (2, 4, 6, 7)} == pictures(whole.folder)


def test_a_run_started_without_tensorboard_has_its_complete_history(tmp_path):
    train(tmp_path / "run", steps=3, steps_per_epoch=2, sample_every=1, checkpoint_every=3)
    run = train_with(tmp_path / "run", steps=6, resume=True)
    agree(run)


def test_an_event_file_starts_with_a_session_start(tmp_path):
    run = train_with(tmp_path / "run")
    version, begun, *_ = events(run.folder)
    assert version.file_version == "brain.Event:2"
    assert (begun.session_log.status, begun.step) == (SessionLog.START, 0)


def test_each_evaluation_has_one_point_at_its_step(tmp_path):
    path = RunFolder(tmp_path / "run").evaluations
    train(tmp_path / "run", steps=3, steps_per_epoch=2, checkpoint_every=3)
    evaluation_log.append(path, evaluated(2, 11.5))
    evaluation_log.append(path, evaluated(2, 99.0) | {evaluation_log.REQUESTED: "other"})

    def evaluate(progress):
        if progress.step == 6:
            evaluation_log.append(path, evaluated(6, 9.25))

    callbacks = [gankit.callbacks.every(2, evaluate), TensorBoard(RunFolder(tmp_path / "run"))]
    train(
        tmp_path / "run",
        steps=8,
        resume=True,
        steps_per_epoch=2,
        checkpoint_every=3,
        callbacks=callbacks,
    )
    assert points(tmp_path / "run", "evaluation/frechet") == [(2, 11.5), (6, 9.25)]


def test_tensorboard_changes_no_number(tmp_path):
    with_events = train_with(tmp_path / "a")
    without = train(tmp_path / "b", steps=5, steps_per_epoch=2, sample_every=1, checkpoint_every=3)
    assert with_events.history.tolist() == without.history.tolist()


def test_files_of_other_programs_are_unchanged(tmp_path):
    (tmp_path / "run" / "tensorboard").mkdir(parents=True)
    mine = tmp_path / "run" / "tensorboard" / "events.out.tfevents.1.mine"
    mine.write_bytes(b"")
    train_with(tmp_path / "run", steps=2)
    assert mine.exists()


def test_without_tensorboardx_one_line_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install 'gankit\[tensorboard\]'"):
        TensorBoard(RunFolder(tmp_path))


def test_an_unwritable_folder_is_a_storage_error(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "tensorboard").write_text("in the way")
    with pytest.raises(StorageError, match="tensorboard"):
        train_with(tmp_path / "run", steps=2)


@pytest.mark.usefixtures("machine")
def test_the_flag_writes_into_the_runs_folder(command):
    ended = command(
        "train",
        "--backend",
        "numpy",
        "--dataset",
        "glyphs",
        "--steps",
        "2",
        "--batch",
        "4",
        "--out",
        "run",
        "--tensorboard",
    )
    assert ended.code == 0, ended.err
    lines = [json.loads(line) for line in Path("run/metrics.jsonl").read_text().splitlines()]
    assert points("run", "loss/generator") == [
        (line["step"], pytest.approx(line["generator"])) for line in lines
    ]


def test_terms_are_curves(tmp_path):
    import gankit.codes
    from gankit.terms import Term

    settings = {
        "codes": [gankit.codes.Code("kind", "categorical", 3)],
        "terms": [Term("cross-entropy", "fake/kind", "code/kind")],
    }
    run = gankit.train(
        "simple",
        backend="numpy",
        dataset="glyphs",
        steps=3,
        batch=4,
        out=tmp_path / "run",
        progress=False,
        discriminator={"heads": {"kind": 3}},
        callbacks=[TensorBoard(RunFolder(tmp_path / "run"))],
        **settings,
    )
    values = run.history.terms["generator/fake/kind"].tolist()
    expected = [(step, pytest.approx(value)) for step, value in enumerate(values, start=1)]
    assert points(run.folder, "loss/generator/fake/kind") == expected
