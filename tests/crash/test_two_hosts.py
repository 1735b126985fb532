"""A run on two hosts, of which one is killed, and whose link is cut."""

from __future__ import annotations

import contextlib
import sys
import time

import numpy as np
import pytest

import gankit
from gankit._utils.start_variables import CLUSTER
from gankit.errors import ExitCode
from gankit.testing import assert_close
from tests.crash import runs
from tests.crash.ranks import cluster, require
from tests.crash.repetitions import record, short_or_full
from tests.crash.two_hosts import ADDRESSES, LINK, TwoHosts, impossible
from tests.process_groups import ProcessGroup, variables_of
from tests.waiting import wait_for

BOUND = 1e-9
MORE = 20
"""Steps from the last fault to the end."""
LONG = 10**6
JOIN = 180
"""Seconds in which the processes start, join and train."""
BACKENDS = short_or_full(("torch",), ("torch", "keras"))
KILLED = short_or_full((1,), (1, 0) * 3)
"""The hosts that are killed."""
CUTS = short_or_full(0, 3)
"""How often the link is cut."""
INTERRUPTION = short_or_full(1, 5)
"""Seconds for which the link is cut before a host is killed."""
LIMIT = 90
"""Seconds in which the processes of the other host end: a link is lost after a minute."""
DOUBLE = "--set", "precision=float64"
TORCHRUN = (
    "-m", "torch.distributed.run", "--nnodes", "2", "--nproc-per-node", "1", "--rdzv-backend",
    "c10d", "--rdzv-id", "run", "--rdzv-conf", "is_host={is_host}", "--rdzv-endpoint",
    f"{ADDRESSES[0]}:29400", "--local-addr", "{address}",
)  # fmt: skip


class Run:
    """A run on two hosts, each with a folder of its own.

    Parameters
    ----------
    hosts
        The hosts.
    places
        The folder of each.
    backend
        The backend that trains.
    """

    def __init__(self, hosts, places, backend):
        self.hosts, self.places, self.backend = hosts, places, backend

    @contextlib.contextmanager
    def started(self, steps=LONG):
        """Yield the process groups of both hosts, of which the first writes the run."""
        words = [*runs.train("run", self.backend, steps), *DOUBLE]
        with self._group(0, words) as first, self._group(1, words) as second:
            yield first, second

    def _group(self, host, words):
        program, variables = [sys.executable], {"GLOO_SOCKET_IFNAME": LINK}
        if self.backend == "torch":
            own = {"is_host": host == 0, "address": ADDRESSES[host]}
            program += [word.format(**own) for word in TORCHRUN]
        else:
            variables[CLUSTER] = cluster([f"{address}:2222" for address in ADDRESSES], host)
        command = self.hosts.words(host, [*program, "-m", "gankit", *words])
        return ProcessGroup(command, self.places[host], **variables)

    def trains(self):
        """Wait until both have started and trained."""
        before = self.logged()
        wait_for(lambda: self.logged() > before, "a step in the log", JOIN)

    def interrupt(self):
        """Cut the link for some seconds, which is no fault: the run continues."""
        self.hosts.cut()
        time.sleep(INTERRUPTION)
        self.hosts.mend()
        self.trains()

    def lose(self, host):
        """Train until a host is killed; the processes of the other one end."""
        with self.started() as groups:
            self.trains()
            self.interrupt()
            self.hosts.kill(host)
            self.ended(1 - host, groups[1 - host])

    def cut(self):
        """Train until the link is cut; return after how many seconds both processes ended."""
        with self.started() as groups:
            self.trains()
            pids = [pid for group in groups for pid in trainers(group)]
            assert len(pids) == len(groups)
            self.hosts.cut()
            began = time.monotonic()
            wait_for(lambda: not any(map(variables_of, pids)), "the processes to end", LIMIT)
            waited = time.monotonic() - began
            self.hosts.mend()
            for host, group in enumerate(groups):
                self.ended(host, group)
        return waited

    def ended(self, host, group):
        """Fail unless the processes of a host end because they have lost the other."""
        errors = group.outputs(LIMIT)[1]
        assert f"process {host + 1} of 2: another process of this run ended" in errors
        assert group.launcher.returncode == (1 if self.backend == "torch" else ExitCode.PEER)
        assert self.hosts.ports(host) == []

    def logged(self):
        """Return how many steps the log has."""
        return runs.logged(self.places[0] / "run")


def trainers(group):
    """Return the processes of a group that train, and not their launcher."""
    return [pid for pid, v in group.processes().items() if {"RANK", CLUSTER} & v.keys()]


@pytest.fixture
def hosts():
    if reason := impossible():
        pytest.skip(reason)
    with TwoHosts() as both:
        yield both


@pytest.fixture
def places(tmp_path):
    """Return a folder for each host, with the run's settings and images."""
    folders = [tmp_path / str(host) for host in range(2)]
    for folder in folders:
        folder.mkdir()
        runs.prepare(folder)
    return folders


@pytest.mark.timeout(short_or_full(900, 7200))
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_run_on_two_hosts_with_faults_ends_as_that_of_one_process(hosts, places, backend, forked):
    require(backend)
    run = Run(hosts, places, backend)
    for host in KILLED:
        run.lose(host)
    waited = [run.cut() for _ in range(CUTS)]
    end = run.logged() + MORE
    with run.started(end) as groups:
        for group in groups:
            assert group.outputs(JOIN)[1].count("process") == 0
            assert group.launcher.returncode == 0
    forked.finished([*runs.train("one", backend, end), *DOUBLE], places[0])
    assert_close(losses(places[0] / "run"), losses(places[0] / "one"), BOUND)
    assert_close(runs.newest(places[0] / "run").state, runs.newest(places[0] / "one").state, BOUND)
    assert list(places[1].glob("run/*")) == []
    cut = f", its link cut {CUTS} times, noticed after {max(waited):.0f} s" if CUTS else ""
    record(
        "two-hosts",
        f"{backend}: two network namespaces, one killed {len(KILLED)} times{cut}; resumed, within "
        f"{BOUND:g} of one process",
    )


def losses(folder):
    return {"losses": np.array(gankit.load(folder).history)}
