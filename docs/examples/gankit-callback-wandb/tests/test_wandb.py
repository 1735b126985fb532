"""The W&B log, for real and offline: what W&B wrote is read back from its files."""

import json
import os
import struct

import numpy as np
import pytest
from wandb.proto import wandb_internal_pb2

import gankit


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    """Let the machine's own settings have no say."""
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)


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


def chunks(content):
    """Yield the parts of a LevelDB log: a type, and bytes; blocks are of 32 KiB."""
    place = 7  # After W&B's own mark.
    while place + 7 <= len(content):
        if 32768 - place % 32768 < 7:
            place += 32768 - place % 32768
            continue
        _, length, kind = struct.unpack_from("<IHB", content, place)
        yield kind, content[place + 7 : place + 7 + length]
        place += 7 + length


def records(folder):
    """Yield what W&B has logged, session by session."""
    for path in sorted(folder.glob("wandb/offline-run-*/*.wandb")):
        held = b""
        for kind, part in chunks(path.read_bytes()):
            held += part
            if kind in (1, 4):  # Whole, or the last part.
                yield wandb_internal_pb2.Record.FromString(held)
                held = b""


def rows(folder):
    """Return {step: what was logged of it}."""
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


def test_a_resumed_run_goes_on_in_the_same_run_of_wandb(train, tmp_path):
    train(3, "run")
    run = train(5, "run", resume=True)
    assert losses(rows(tmp_path / "run")) == run.history.tolist()
    ids = {r.run.run_id for r in records(tmp_path / "run") if r.WhichOneof("record_type") == "run"}
    assert len(ids) == 1
    assert len(list(tmp_path.glob("run/wandb/offline-run-*"))) == 2


def test_a_run_in_memory_is_not_logged(train, tmp_path):
    train(2, None)
    assert not list(tmp_path.rglob("*.wandb"))
