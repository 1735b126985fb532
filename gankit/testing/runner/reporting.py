"""The contract on one backend, told case by case: `python -m gankit.testing.runner.reporting NAME`.

A backend may crash, hang or leave, and only this process ends with it. What it tells are lines of
JSON on what was standard output when it began; pytest's own words go to standard error.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import os
import re
import sys
import traceback
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

import gankit
from gankit import plugins
from gankit._text import plain
from gankit._utils.child_process import Send, channel
from gankit.contract import Backend
from gankit.errors import ExitCode, GankitError, described

if TYPE_CHECKING:
    from gankit.testing.clauses.native import NativePair

SUBJECT = Path(gankit.__file__).parent / "testing" / "subject.py"
LONGEST = 20_000
"""Characters of what a broken clause compared."""
_NOT_CLAIMED = re.compile(r"does not claim '([^']+)'")
_NOT_OFFERED = re.compile(r"^backend '[^']*' \w+ no ")
_OPTIONS = (
    "-c", os.devnull, "--noconftest", "--import-mode=importlib", "-p", "no:cacheprovider",
    "--tb=short", "-q", "-o", "verbosity_assertions=2",
)  # fmt: skip
"""Nothing of the folder that it was called in, or of a person's own settings, has a say."""


class Reporter:
    """A plugin of pytest's: gives the clauses their backend, and tells how each case ended.

    It imports the clauses when pytest is there to rewrite their assertions.
    """

    def __init__(self, asked: argparse.Namespace, send: Send) -> None:
        self.asked, self.send = asked, send
        self.backend: Backend
        self.pair: NativePair = None
        self.reports: list[pytest.TestReport] = []

    def pytest_configure(self) -> None:
        """Let pytest rewrite the clauses' assertions; before pytest started, it could not."""
        pytest.register_assert_rewrite("gankit.testing.clauses")

    def pytest_sessionstart(self) -> None:
        """Make sure that there is something to check."""
        self.backend = ready_backend(self.asked.name, self.send)
        if self.asked.native_pair:
            self.pair = _pair(self.asked.native_pair, self.send)

    @pytest.fixture
    def checked_backend(self) -> Backend:
        """Return the backend under test."""
        return self.backend

    @pytest.fixture
    def checked_pair(self) -> NativePair:
        """Return what builds its native networks, or None."""
        return self.pair

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the clauses of the levels that are asked for, in the order of the levels."""
        from gankit.testing.levels import clauses

        order = {name: number for number, name in enumerate(clauses(self.asked.level))}
        items[:] = sorted(
            (item for item in items if _clause(item.nodeid) in order),
            key=lambda item: order[_clause(item.nodeid)],
        )
        self.send({"cases": [_clause(item.nodeid) for item in items]})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note where in the plugin's own package an error arose."""
        report = yield
        if call.excinfo is not None:
            report.frame = deepest_frame(call.excinfo.value, package_of(self.backend))  # type: ignore[attr-defined]
        return report

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Tell which clause begins, so that a crash has a name."""
        self.reports = []
        self.send({"doing": f"in the clause {_clause(nodeid).removeprefix('test_')}"})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a part of a case went; tell the whole at its end."""
        self.reports.append(report)
        if report.when == "teardown":
            self.send(case(self.reports))


def case(reports: Sequence[pytest.TestReport]) -> dict[str, Any]:
    """Return how one case ended, from the reports of its setup, call and teardown."""
    row: dict[str, Any] = {
        "clause": _clause(reports[0].nodeid),
        "case": reports[0].nodeid.partition("[")[2].removesuffix("]"),
        "seconds": sum(report.duration for report in reports),
    }
    if failed := next((report for report in reports if report.failed), None):
        reason = _reason(failed)
        whole = f"{reports[0].nodeid.rpartition('::')[2]}\n{failed.longreprtext[:LONGEST]}"
        frame = getattr(failed, "frame", "")
        return row | {"result": "broken", "reason": reason, "frame": frame, "whole": whole}
    if skipped := next((report for report in reports if report.skipped), None):
        return row | _skipped(skipped)
    return row | {"result": "kept", "reason": ""}


def package_of(backend: Backend) -> Path | None:
    """Return the folder of the package that a backend comes from, or the file of its one module."""
    build: Any = backend.build
    while isinstance(build, functools.partial):
        build = build.func
    top = sys.modules.get(str(getattr(build, "__module__", "")).partition(".")[0])
    file = getattr(top, "__file__", None)
    if file is None:
        return None
    return Path(file).parent if hasattr(top, "__path__") else Path(file)


def deepest_frame(error: BaseException, package: Path | None) -> str:
    """Return the last place in a package that an error came through, or nothing.

    What an error was raised from is looked at first: gankit's own words stand over a plugin's
    error.
    """
    if package is None:
        return ""
    cause = error.__cause__ or error.__context__
    if cause and (found := deepest_frame(cause, package)):
        return found
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(package):
            where = path.relative_to(package.parent)
            return plain(f"{where}:{frame.lineno} in {frame.name}: {frame.line}")
    return ""


def _reason(failed: pytest.TestReport) -> str:
    """Return a failure's first line, and the last one where the first only leads up to it."""
    crash = getattr(failed.longrepr, "reprcrash", None)
    lines = (crash.message if crash else failed.longreprtext).strip().splitlines() or ["no message"]
    return plain(f"{lines[0]} {lines[-1]}" if lines[0].endswith(":") else lines[0])


def main(arguments: Sequence[str]) -> None:
    """Check one backend."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--level", default="portability")
    parser.add_argument("--only", default="")
    parser.add_argument("--native-pair", default="")
    parser.add_argument("--first", action="store_true")
    asked = parser.parse_args(arguments)
    send = channel()
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    only = ["-k", asked.only] if asked.only else []
    only += ["--exitfirst"] if asked.first else []
    options = [*_OPTIONS, "--rootdir", str(SUBJECT.parent), *only, str(SUBJECT)]
    code = pytest.main(options, plugins=[Reporter(asked, send)])
    if code == pytest.ExitCode.USAGE_ERROR:
        _leave(send, f"-k {asked.only!r} is no expression that pytest understands", ExitCode.USAGE)
    if code == pytest.ExitCode.INTERNAL_ERROR:
        sys.exit(int(code))
    send({"done": True})


def ready_backend(name: str, send: Send) -> Backend:
    """Return the backend, once it has built a trainer; else tell why not, and leave."""
    from gankit.testing import problems

    try:
        send({"doing": "while its plugin was loaded"})
        backend = plugins.get_backend(name)
        send({"doing": "while it built its first trainer"})
        backend.trainer(problems.simple(backend))
    except GankitError as error:
        _leave(send, str(error), error.exit_code)
    except (Exception, SystemExit) as error:
        fault = f"backend {name!r} cannot be built: {described(error)}"
        _leave(send, fault, ExitCode.BACKEND)
    return backend


def _pair(place: str, send: Send) -> NativePair:
    """Return the function at MODULE:FUNCTION, the working folder's modules included."""
    module, _, function = place.partition(":")
    sys.path.insert(0, str(Path.cwd()))  # As with `python -m`; other folders have tests, too.
    try:
        found: NativePair = getattr(importlib.import_module(module), function)
    except Exception as error:
        _leave(send, f"--native-pair {place}: {described(error)}", ExitCode.USAGE)
    finally:
        del sys.path[0]
    return found


def _leave(send: Send, fault: str, code: int) -> NoReturn:
    """Tell why there is nothing to check, and end."""
    send({"refused": plain(fault, 2000), "exit_code": int(code)})
    os._exit(0)  # pytest would take SystemExit for a fault of its own.


def _skipped(report: pytest.TestReport) -> dict[str, Any]:
    """Return why a case was skipped: what is not claimed, or what nobody gave."""
    from gankit.testing.subject import NO_PAIR

    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if reason == NO_PAIR:
        return {"result": "not run", "reason": reason}
    if claimed := _NOT_CLAIMED.search(reason):
        return {"result": "not claimed", "reason": claimed[1]}
    return {"result": "not claimed", "reason": _NOT_OFFERED.sub("", reason).strip("'")}


def _clause(nodeid: str) -> str:
    """Return the name of a case's test.

    >>> _clause("subject.py::TestBackend::test_counts[2]")
    'test_counts'
    """
    return nodeid.rpartition("::")[2].partition("[")[0]


if __name__ == "__main__":
    main(sys.argv[1:])
