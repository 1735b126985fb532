"""Several processes of keras on TensorFlow, compared with one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest

from gankit.testing import assert_close, assert_identical
from tests.selection import selected
from tests.waiting import ended, kill

if not selected("keras") or os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
    pytest.skip("keras on TensorFlow is not under test", allow_module_level=True)

from tests import keras_worlds

BOUND = 1e-9
LIMIT = 300
"""Seconds that the processes may take: each imports TensorFlow and compiles."""


def free_ports(number):
    """Return ports of this machine that no process uses."""
    found = [socket.socket() for _ in range(number)]
    for each in found:
        each.bind(("localhost", 0))
    ports = [each.getsockname()[1] for each in found]
    for each in found:
        each.close()
    return ports


def start(size, *words):
    """Start Python in some processes, as `TF_CONFIG` says."""
    workers = [f"localhost:{port}" for port in free_ports(size)]
    processes = []
    for rank in range(size):
        task = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": rank}}
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "TF_CONFIG": json.dumps(task)}
        words = list(map(str, words))
        processes.append(
            subprocess.Popen(
                [sys.executable, *words],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
            )
        )  # fmt: skip
    return processes


@pytest.fixture
def processes():
    """Start processes by `start`; kill those that are left."""
    started = []

    def starter(*words):
        started.extend(start(*words))
        return started[-words[0] :]

    yield starter
    for process in started:
        if process.poll() is None:
            kill(process.pid)
        process.communicate(timeout=60)


def all_ended(processes):
    """Return the exit codes and the standard errors."""
    outputs = [ended(each, "a process", LIMIT) for each in processes]
    return [each.returncode for each in processes], [errors for _, errors in outputs]


def test_processes_train_as_one(tmp_path, processes):
    started = processes(2, "-m", "tests.keras_worlds", tmp_path, "batch norm, around")
    one = keras_worlds.trained("batch norm, around")
    codes, errors = all_ended(started)
    assert codes == [0, 0], errors
    chief, *others = (
        dict(np.load(tmp_path / f"batch norm, around-{way}-{rank}.npz"))
        for way in ("blocks", "steps")
        for rank in range(2)
    )
    assert_close(chief, one, BOUND)
    for other in others:
        assert_identical(other, chief)
    # A sum with a time limit would leave two until it is over.
    assert all(np.load(tmp_path / f"threads-{rank}.npy") < 10 for rank in range(2))


def test_three_processes_have_the_losses_of_one(tmp_path, processes):
    started = processes(3, "-m", "tests.keras_worlds", tmp_path, "dcgan")
    one = keras_worlds.trained("dcgan")
    codes, errors = all_ended(started)
    assert codes == [0, 0, 0], errors
    many = [dict(np.load(tmp_path / f"dcgan-blocks-{rank}.npz")) for rank in range(3)]
    # Biases before a batch norm have gradients of rounding alone, which Adam divides by their size.
    assert_close({"losses": many[0]["losses"]}, {"losses": one["losses"]}, BOUND)
    for other in many[1:]:
        assert_identical(other, many[0])
