"""One of the processes: `python -m tests.lockstep.process BACKEND FOLDER [OPTIONS]`.

The first process prints what pytest prints; each other one writes it to a file in FOLDER.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import zlib
from pathlib import Path

import pytest

from gankit import plugins
from gankit._utils.start_variables import SIZE, launcher_ended, name_of
from gankit._utils.system import release
from gankit.contract import Backend, Problem, Trainer, World
from gankit.errors import ExitCode, PeerLost

CLAUSES = Path(__file__).with_name("clauses.py")
ALONE = frozenset({"distributed", "mixed", "native"})
"""Capabilities of a trainer that is alone."""
STARTS_OTHERS = ("test_imports_nothing_early", "test_same_seed_in_fresh_processes")
"""Clauses on processes that they start, which are alone."""
OUTCOMES = ("passed", "skipped")
"""What a clause that did not fail did; its position is the number that the processes compare."""


class Lockstep:
    """A plugin of pytest that compares the outcome of each clause in all processes.

    Attributes
    ----------
    backend
        The backend under test, whose trainers are in the world.
    lost
        Whether another process has ended.
    """

    def __init__(self, backend: Backend, world: World) -> None:
        self.backend, self.world = in_world(backend, world), world
        self.lost = False
        self._outcome = ""

    @pytest.fixture
    def backend_in_lockstep(self) -> Backend:
        """Return the backend under test."""
        return self.backend

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Leave out `STARTS_OTHERS`; all processes must have the same clauses, in this order."""
        left_out = [item for item in items if item.name in STARTS_OTHERS]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
        digest = zlib.crc32("\n".join(item.nodeid for item in items).encode())
        if len(set(self._each(digest, "the list of clauses"))) > 1:
            pytest.exit("the processes have other clauses", 1)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome of a clause; that of its call counts if nothing else failed."""
        if report.when == "setup" or report.outcome != "passed":
            self._outcome = report.outcome

    def pytest_exception_interact(self, call: pytest.CallInfo[None]) -> None:
        """Note if a clause failed because another process has ended."""
        self.lost |= call.excinfo is not None and call.excinfo.errisinstance(PeerLost)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Compare the outcome with those of the other processes; a failure ends this one."""
        if self._outcome == "failed":
            return
        clause = nodeid.rpartition("::")[2]
        each = self._each(OUTCOMES.index(self._outcome), clause)
        if len(set(each)) > 1:
            ends = [f"{OUTCOMES[n]} in {self._name(rank)}" for rank, n in enumerate(each)]
            pytest.exit(f"{clause} ended differently: {', '.join(ends)}", 1)
        if launcher_ended():
            pytest.exit("the process that started this one has ended", 1)

    def _each(self, number: int, what: str) -> tuple[int, ...]:
        """Return the number of each process; exit if one has ended."""
        try:
            return self.world.each(number)
        except PeerLost:
            self.lost = True
            pytest.exit(f"another process ended during {what}", ExitCode.PEER)

    def _name(self, rank: int) -> str:
        return name_of(rank, self.world.size)


def in_world(backend: Backend, world: World) -> Backend:
    """Return a backend whose trainers are in a world; it offers nothing that one process does."""

    def build(problem: Problem) -> Trainer:
        return backend.build(dataclasses.replace(problem, world=world))

    able = backend.capabilities - ALONE
    return dataclasses.replace(backend, build=build, capabilities=able, exports={})


def main(name: str, folder: str, *options: str) -> int:
    """Run the clauses; return the exit code, which is that of PeerLost if another one failed."""
    backend = plugins.get_backend(name)
    world = backend.world()  # Before all else: TensorFlow can join only before it is used.
    if not world.chief:
        os.dup2(os.open(Path(folder, f"{world.rank}.txt"), os.O_CREAT | os.O_WRONLY), 1)
    del os.environ[SIZE]  # So that the processes which a clause starts are alone.
    lockstep = Lockstep(backend, world)
    own = ["-q", "-x", "-rN", "-p", "no:cacheprovider", "--timeout-method=thread"]
    own += ["-p", "no:xdist", f"--basetemp={folder}/{world.rank}", str(CLAUSES)]
    code = pytest.main([*own, *options], plugins=[lockstep])
    return int(ExitCode.PEER if lockstep.lost else code)


if __name__ == "__main__":
    release()
    sys.exit(main(*sys.argv[1:]))
