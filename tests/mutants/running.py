"""Run each mutant in a child process, against the tests that call the changed function."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, NamedTuple

import pytest

from tests.mutants.changes import Mutant, Source

TIME_LIMIT = 300.0
"""Seconds until the child process of a mutant is ended."""
OPTIONS = ["-q", "-q", "-s", "--no-header", "--no-summary", "-p", "no:cacheprovider"]
"""Those of pytest; nothing is captured, because child processes print nothing."""


class Outcome(NamedTuple):
    """What became of a mutant.

    Attributes
    ----------
    kind
        "caught": a test failed; "survived": none did; "died": the child process ended otherwise.
    by
        The test that failed, or how the process ended.
    seconds
        Of processor time, of the child process.
    """

    kind: str
    by: str = ""
    seconds: float = 0.0


class Called(NamedTuple):
    """What a test does without any change.

    Attributes
    ----------
    seconds
        How long it takes.
    functions
        The functions of the sources that it calls, as "file:name".
    """

    seconds: float
    functions: list[str]


class Unchanged(Exception):
    """A test fails without any change."""


@dataclass(eq=False)
class Runner:
    """A plugin of pytest that runs mutants where pytest would run the tests.

    Attributes
    ----------
    mutants
        Those to run.
    sources
        The modules that they change.
    note
        Called with each mutant and its outcome.
    """

    mutants: Iterable[Mutant]
    sources: list[Source]
    note: Callable[[Mutant, Outcome], None]
    _failed: str = ""
    _last: dict[str, str] = field(default_factory=dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the first failure in a child process."""
        if report.failed and not self._failed:
            self._failed = report.nodeid.rpartition("/")[2]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run every mutant against the collected tests that call its function."""
        items = {item.nodeid.rpartition("/")[2]: item for item in session.items}
        made = json.loads(child(lambda: json.dumps(self._called(items)), limit=1e9))
        called = {name: Called(*values) for name, values in made.items()}
        for mutant in self.mutants:
            function = f"{mutant.source.path}:{mutant.function}"
            names = [name for name, test in called.items() if function in test.functions]
            names.sort(key=lambda name: (name != self._last.get(function), called[name].seconds))
            outcome = self._outcome(mutant, [items[name] for name in names])
            if outcome.kind == "caught":
                self._last[function] = outcome.by
            self.note(mutant, outcome)
        return True

    def _called(self, items: dict[str, pytest.Item]) -> dict[str, Called]:
        """Run every test; return what it calls."""
        files = {str(source.path) for source in self.sources}
        functions: set[str] = set()

        def profile(frame: FrameType, event: str, _: Any) -> None:
            code = frame.f_code
            if event == "call" and code.co_filename in files:
                name = code.co_qualname.partition(".<locals>")[0]
                functions.add(f"{code.co_filename}:{name}")

        called = {}
        for name, item in items.items():
            functions.clear()
            began = time.perf_counter()
            sys.setprofile(profile)
            self._run(item)
            sys.setprofile(None)
            if self._failed:
                raise Unchanged(f"{self._failed} fails without any change; fix it first")
            called[name] = Called(time.perf_counter() - began, sorted(functions))
        return called

    def _outcome(self, mutant: Mutant, items: list[pytest.Item]) -> Outcome:
        """Run tests against a mutant until one fails."""

        def first() -> str:
            mutant.apply()
            for item in items:
                self._run(item)
                if self._failed:
                    return f"caught {self._failed}"
            return "survived"

        began = _processor_time()
        try:
            kind, _, by = child(first, TIME_LIMIT).partition(" ")
        except ChildProcessError as error:
            kind, by = "died", str(error)
        return Outcome(kind, by, round(_processor_time() - began, 2))

    def _run(self, item: pytest.Item) -> None:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)


def child(function: Callable[[], str], limit: float) -> str:
    """Return what a function returns in a child process; ChildProcessError if that dies."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            os.close(reading)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            _write(writing, function())
            status = 0
        except BaseException as error:
            _write(writing, f"{type(error).__name__}: {error}")
        finally:
            os._exit(status)
    os.close(writing)
    text, late = _read(reading, time.monotonic() + limit)
    os.close(reading)
    if late:
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if late:
        raise ChildProcessError(f"still running after {limit:g} s")
    if status:
        raise ChildProcessError(text or f"exit status {status}")
    return text


def _processor_time() -> float:
    """Return the seconds of processor time of all child processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _write(pipe: int, text: str) -> None:
    with os.fdopen(pipe, "w") as file:
        file.write(text)


def _read(pipe: int, end: float) -> tuple[str, bool]:
    """Return what is written into a pipe until it is closed, and whether that lasted too long."""
    found = b""
    while (left := end - time.monotonic()) > 0:
        if select.select([pipe], [], [], left)[0]:
            if not (read := os.read(pipe, 1 << 16)):
                return found.decode(), False
            found += read
    return found.decode(), True
