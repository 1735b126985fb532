"""torch and TensorFlow in one process, imported in either order."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.selection import selected

PROGRAM = """
import importlib
import sys

import numpy as np

import gankit
from gankit.layers import Dense, Flatten, LeakyReLU, Reshape, Tanh

for framework in sys.argv[1:]:
    importlib.import_module(framework)
images = (np.arange(64 * 16) % 256).astype(np.uint8).reshape(64, 4, 4, 1)
for framework in sys.argv[1:]:
    run = gankit.fit(
        images,
        (Dense(8), LeakyReLU(0.2), Dense(16), Tanh(), Reshape((4, 4, 1))),
        (Flatten(), Dense(8), LeakyReLU(0.2), Dense(1)),
        steps=2, latent=3, batch=8, backend={"torch": "torch", "tensorflow": "keras"}[framework],
    )
    assert run.history.shape == (2, 2)
    assert np.isfinite(run.history).all()
    print("losses", *(f"{loss:.4f}" for loss in run.history.ravel()))
"""


@pytest.mark.skipif(
    not (selected("torch") and selected("keras")),
    reason="torch and keras are not both to be tested",
)
@pytest.mark.parametrize(
    "order", [("torch", "tensorflow"), ("tensorflow", "torch")], ids=" then ".join
)
def test_both_frameworks_train_in_one_process(order):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *order],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    one, other = [line for line in done.stdout.splitlines() if line.startswith("losses")]
    assert one == other
