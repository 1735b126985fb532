"""The number of threads that frameworks use."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from gankit.cli import threads
from gankit.errors import ConfigError


@pytest.fixture
def container(monkeypatch):
    """Simulate a container that shows one number of processors and allows another."""

    def be(seen, quota):
        monkeypatch.setattr(threads, "usable_cpus", lambda: seen)
        monkeypatch.setattr(threads, "cpu_quota", lambda: quota)

    return be


def told(**environment):
    threads.settle(environment)
    return {name: environment[name] for name in threads.LIBRARY_VARIABLES if name in environment}


@pytest.mark.parametrize(
    ("seen", "quota", "wanted"), [(64, 4.0, "4"), (64, 2.5, "2"), (8, 0.5, "1")]
)
def test_a_container_that_allows_fewer_processors_gets_fewer_threads(
    container, seen, quota, wanted
):
    container(seen, quota)
    assert told() == dict.fromkeys(threads.LIBRARY_VARIABLES, wanted)


@pytest.mark.parametrize(("seen", "quota"), [(4, None), (4, 4.0), (4, 8.0), (None, 2.0)])
def test_without_a_container_libraries_choose_their_threads(container, seen, quota):
    container(seen, quota)
    assert told() == {}


def test_thread_counts_that_are_already_set_are_unchanged(container):
    container(64, 4.0)
    assert told(OMP_NUM_THREADS="8")["OMP_NUM_THREADS"] == "8"
    assert told(OMP_NUM_THREADS="8")["TF_NUM_INTRAOP_THREADS"] == "4"


def test_a_requested_thread_count_overrides_everything(container):
    container(64, 4.0)
    assert told(GANKIT_THREADS="3", OMP_NUM_THREADS="8") == dict.fromkeys(
        threads.LIBRARY_VARIABLES, "3"
    )


@pytest.mark.parametrize("asked", ["0", "-1", "1.5", "many", "9999", "²"])
def test_an_invalid_thread_count_is_refused(asked):
    environment = {"GANKIT_THREADS": asked}
    with pytest.raises(ConfigError, match=r"GANKIT_THREADS: got .* 1 to 1,024"):
        threads.settle(environment)
    assert environment == {"GANKIT_THREADS": asked}


def test_the_command_sets_threads_before_importing_numpy():
    code = (
        "import importlib, sys, json, os\n"
        "m = importlib.import_module('gankit.cli.main')\n"
        "assert 'numpy' not in sys.modules\n"
        "code = m._run(['backends'])\n"
        "import numpy\n"
        "from threadpoolctl import threadpool_info\n"
        "pools = [p['num_threads'] for p in threadpool_info()]\n"
        "print(json.dumps([code, pools, os.environ['TF_NUM_INTRAOP_THREADS']]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"GANKIT_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    code, pools, tensorflow = json.loads(done.stdout.splitlines()[-1])
    assert (code, tensorflow) == (0, "1")
    assert pools
    assert set(pools) == {1}


def test_a_wrong_number_ends_the_command_with_one_line():
    done = subprocess.run(
        [sys.executable, "-m", "gankit", "recipes"],
        env=os.environ | {"GANKIT_THREADS": "lots"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "gankit: GANKIT_THREADS: got 'lots'; expected a whole number, 1 to 1,024\n"
    )
