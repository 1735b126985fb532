"""The errors of one of several processes: who prints them."""

from __future__ import annotations

import pytest

from gankit.errors import DataError, PeerLost

LARGE = "gankit: process 2 of 2: too large for this machine's memory: 38 GiB\n"
LOST = "gankit: process 2 of 2: another one ended\n"


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (DataError("all processes find that the images are bad"), 3, ""),
        (MemoryError("38 GiB"), 2, LARGE),
        (PeerLost("another one ended"), 8, LOST),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_another_process_than_the_first_prints_its_own_errors_alone(
    command, monkeypatch, error, code, message
):
    def fail(*_, **__):
        raise error

    for name, value in {
        "RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1", "MASTER_ADDR": "a", "MASTER_PORT": "1"
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("gankit.launch.resolved_plan.resolve", fail)
    ended = command("train", "simple", "--dataset", "glyphs", "--backend", "numpy")
    assert (ended.code, ended.out, ended.err) == (code, "", message)
