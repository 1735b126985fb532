"""A run moves from one backend to the next."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gankit.runs import loss_log
from gankit.testing.agreement import assert_close
from tests.crash import runs
from tests.crash.repetitions import record
from tests.selection import selected

BOUND = 1e-9


@pytest.fixture
def backends(forks_of):
    """Return the forks of each backend under test, by name; skip without a framework."""
    frameworks = [name for name in ("torch", "keras") if selected(name)]
    if not frameworks:
        pytest.skip("there is no other backend than the reference")
    return {name: forks_of(name) for name in ("numpy", *frameworks)}


def test_a_run_moves_from_backend_to_backend(tmp_path, monkeypatch, backends):
    def go_on(out, backend, steps):
        words = [*runs.train(out, backend, steps), "--set", "precision=float64"]
        return backends[backend].finished(words)

    monkeypatch.chdir(tmp_path)
    runs.prepare(tmp_path)
    road = [*backends, "numpy"]
    for number, backend in enumerate(road, start=1):
        said = go_on("run", backend, 3 * number)
        assert number == 1 or f"resuming after step {3 * number - 3}" in said
    go_on("whole", "numpy", 3 * len(road))
    found, wanted = (runs.newest(run).state for run in ("run", "whole"))
    assert_close(found, wanted, BOUND)
    losses = [loss_log.read(Path(run, "metrics.jsonl")) for run in ("run", "whole")]
    np.testing.assert_allclose(*losses, rtol=0, atol=BOUND)
    record("kill-train", f"a run moved {', '.join(road)} within {BOUND:g} of a run on one backend")
