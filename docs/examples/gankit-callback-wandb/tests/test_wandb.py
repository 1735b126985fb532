"""The offline W&B log: the tests read the files that W&B wrote."""

import json
import os
import struct

import numpy as np
import pytest
import wandb
from wandb.proto import wandb_internal_pb2

import gankit


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    """Remove W&B's environment variables of this machine."""
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)


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


def chunks(content):
    """Yield the type and the bytes of each part of a LevelDB log, which has blocks of 32 KiB."""
    offset = 7  # W&B's header has 7 bytes.
    while offset + 7 <= len(content):
        if 32768 - offset % 32768 < 7:
            offset += 32768 - offset % 32768
            continue
        _, length, kind = struct.unpack_from("<IHB", content, offset)
        yield kind, content[offset + 7 : offset + 7 + length]
        offset += 7 + length


def records(folder):
    """Yield the records that W&B logged, by session."""
    wandb.teardown()  # W&B's process closes the files; run.finish() does not wait for that.
    for path in sorted(folder.glob("wandb/offline-run-*/*.wandb")):
        record = b""
        for kind, part in chunks(path.read_bytes()):
            record += part
            if kind in (1, 4):  # A complete record, or its last part.
                yield wandb_internal_pb2.Record.FromString(record)
                record = b""


def rows(folder):
    """Return the logged values by step."""
    found = {}
    for record in records(folder):
        if record.WhichOneof("record_type") == "history":
            items = [(".".join(i.nested_key) or i.key, i.value_json) for i in record.history.item]
            row = {key: json.loads(value) for key, value in items}
            found[row["_step"]] = found.get(row["_step"], {}) | row
    return found


def losses(found):
    return [[row["loss/discriminator"], row["loss/generator"]] for row in found.values()]


def test_each_step_is_logged_with_its_losses_and_the_grid_with_its_step(train, tmp_path):
    run = train(6, "run", steps_per_epoch=3, sample_every=1)
    found = rows(tmp_path / "run")
    assert list(found) == [1, 2, 3, 4, 5, 6]
    assert losses(found) == run.history.tolist()
    pictured = [step for step, row in found.items() if any("samples" in name for name in row)]
    assert pictured == [3, 6]


def test_a_resumed_run_continues_the_same_wandb_run(train, tmp_path):
    train(3, "run")
    run = train(5, "run", resume=True)
    assert losses(rows(tmp_path / "run")) == run.history.tolist()
    ids = {r.run.run_id for r in records(tmp_path / "run") if r.WhichOneof("record_type") == "run"}
    assert len(ids) == 1
    assert len(list(tmp_path.glob("run/wandb/offline-run-*"))) == 2


def test_a_run_in_memory_is_not_logged(train, tmp_path):
    train(2, None)
    assert not list(tmp_path.rglob("*.wandb"))
