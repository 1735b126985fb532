"""Run a contract on one backend, loss or data set, and report each case.

As a child process: `python -m gankit.testing.runner.reporting NAME`. A plugin may crash, hang or
exit, and ends only this process. Its reports are messages of `gankit._utils.child_process`; what
pytest prints goes to standard error.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import os
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import pytest

import gankit
from gankit import plugins
from gankit._text import plain
from gankit._utils.child_process import Send, channel
from gankit.contract import Backend
from gankit.data import Dataset
from gankit.data.dataset import bare
from gankit.errors import ExitCode, GankitError, described
from gankit.losses import Loss

if TYPE_CHECKING:
    from gankit.testing.clauses.native import NativePair

Loaded = TypeVar("Loaded")

SUBJECT = Path(gankit.__file__).parent / "testing" / "subject.py"
DETAILS_LIMIT = 20_000
"""The most characters of what a failed case compared."""
_NOT_CLAIMED = re.compile(r"does not claim '([^']+)'")
_LACKS = re.compile(r"^\w+ '[^']*' \w+ no ")
_OPTIONS = [
    *("-c", os.devnull, "--noconftest", "--import-mode=importlib", "-p", "no:cacheprovider"),
    *("--tb=short", "-q", "-o", "verbosity_assertions=2"),
]
"""These ignore the configuration of the working folder and of the user."""


class Reporter:
    """A pytest plugin that gives the clauses their subject, and reports how each case ended.

    It imports the clauses after pytest has started, so that pytest rewrites their assertions.
    """

    def __init__(self, options: argparse.Namespace, send: Send) -> None:
        self.options, self.send = options, send
        self.subject: Any = None
        self.pair: NativePair = None
        self.reports: list[pytest.TestReport] = []

    def pytest_configure(self) -> None:
        """Let pytest rewrite the clauses' assertions, which works only after it has started."""
        pytest.register_assert_rewrite("gankit.testing.clauses")

    def pytest_sessionstart(self) -> None:
        """Load the subject, and the function that builds native networks."""
        self.subject = READY[self.options.kind](self.options.name, self.send)
        if self.options.native_pair:
            self.pair = _pair(self.options.native_pair, self.send)

    @pytest.fixture
    def subject_of_check(self) -> Any:  # noqa: ANN401 - a backend, a loss or a data set.
        """Return the backend, the loss or the data set under test."""
        return self.subject

    @pytest.fixture
    def checked_pair(self) -> NativePair:
        """Return the function that builds native networks, or None."""
        return self.pair

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Select the clauses of the levels up to `--level`, in the order of the levels."""
        from gankit.testing.levels import clauses

        known = clauses(self.options.level, self.options.kind)
        order = {name: number for number, name in enumerate(known)}
        items[:] = sorted(
            (item for item in items if _clause(item.nodeid) in order),
            key=lambda item: order[_clause(item.nodeid)],
        )
        self.send({"cases": [_clause(item.nodeid) for item in items]})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the deepest line of the plugin's own package to the report of an error."""
        report = yield
        if call.excinfo is not None:
            location = location_in(package_of(self.subject), call.excinfo.value)
            report.plugin_location = location  # type: ignore[attr-defined]
        return report

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Report which clause starts, so that a crash has a name."""
        self.reports = []
        self.send({"doing": f"in the clause {_clause(nodeid).removeprefix('test_')}"})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the reports of a case; send its result after the last."""
        self.reports.append(report)
        if report.when == "teardown":
            self.send(case(self.reports))

    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Send a warning and where it was raised, without the folders above the package."""
        place = Path(warning_message.filename)
        package = package_of(self.subject)
        if package and place.is_relative_to(package):
            place = place.relative_to(package.parent)
        where = f"{place}:{warning_message.lineno}"
        category, text = warning_message.category.__name__, warning_message.message
        self.send({"warning": plain(f"{category}: {text}, at {where}")})


def case(reports: Sequence[pytest.TestReport]) -> dict[str, Any]:
    """Return how one case ended, from the reports of its setup, call and teardown."""
    row: dict[str, Any] = {
        "clause": _clause(reports[0].nodeid),
        "case": reports[0].nodeid.partition("[")[2].removesuffix("]"),
        "seconds": sum(report.duration for report in reports),
    }
    if failed := next((report for report in reports if report.failed), None):
        reason = _reason(failed)
        name = reports[0].nodeid.rpartition("::")[2]
        details = f"{name}\n{failed.longreprtext[:DETAILS_LIMIT]}"
        location = getattr(failed, "plugin_location", "")
        failure = {"reason": reason, "location": location, "details": details}
        return row | {"result": "failed"} | failure
    if skipped := next((report for report in reports if report.skipped), None):
        return row | _skipped(skipped)
    return row | {"result": "passed", "reason": ""}


def package_of(subject: Backend | Loss | Dataset) -> Path | None:
    """Return the folder of the package that a plugin comes from, or the file of its one module."""
    match subject:
        case Loss():
            function: Any = getattr(subject.discriminator, "function", subject.discriminator)
        case Dataset():
            function = bare(subject.load)
        case _:
            function = subject.build
    while isinstance(function, functools.partial):
        function = function.func
    top = sys.modules.get(str(getattr(function, "__module__", "")).partition(".")[0])
    file = getattr(top, "__file__", None)
    if file is None:
        return None
    return Path(file).parent if hasattr(top, "__path__") else Path(file)


def location_in(package: Path | None, error: BaseException) -> str:
    """Return the deepest line of a package in an error's traceback, or "".

    The error's cause comes first, because gankit may wrap a plugin's error in its own.
    """
    if package is None:
        return ""
    cause = error.__cause__ or error.__context__
    if cause and (found := location_in(package, cause)):
        return found
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(package):
            where = path.relative_to(package.parent)
            return plain(f"{where}:{frame.lineno} in {frame.name}: {frame.line}")
    return ""


def _reason(failed: pytest.TestReport) -> str:
    """Return a failure's first line, and its last one too if the first ends with a colon."""
    crash = getattr(failed.longrepr, "reprcrash", None)
    lines = (crash.message if crash else failed.longreprtext).strip().splitlines() or ["no message"]
    return plain(f"{lines[0]} {lines[-1]}" if lines[0].endswith(":") else lines[0])


def main(arguments: Sequence[str]) -> None:
    """Check one backend, loss or data set."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--kind", default="backend", choices=READY)
    parser.add_argument("--level", default="portability")
    parser.add_argument("--only", default="")
    parser.add_argument("--native-pair", default="")
    parser.add_argument("--first", action="store_true")
    chosen = parser.parse_args(arguments)
    send = channel()
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    only = ["-k", chosen.only] if chosen.only else []
    only += ["--exitfirst"] if chosen.first else []
    test = f"{SUBJECT}::Test{chosen.kind.title()}"
    options = [*_OPTIONS, "--rootdir", str(SUBJECT.parent), *only, test]
    code = pytest.main(options, plugins=[Reporter(chosen, send)])
    if code == pytest.ExitCode.USAGE_ERROR:
        fault = f"-k: got {chosen.only!r}; expected a pytest expression, such as 'adam or sgd'"
        _refuse(send, fault, ExitCode.USAGE)
    if code == pytest.ExitCode.INTERNAL_ERROR:
        sys.exit(int(code))
    send({"done": True})


def ready_backend(name: str, send: Send) -> Backend:
    """Return the backend after it has built a trainer; or send why it cannot, and exit."""
    from gankit.testing import problems

    try:
        send({"doing": "while its plugin was loaded"})
        backend = plugins.get_backend(name)
        send({"doing": "while it built its first trainer"})
        backend.trainer(problems.simple(backend))
    except GankitError as error:
        _refuse(send, str(error), error.exit_code)
    except (Exception, SystemExit) as error:
        fault = f"backend {name!r} cannot be built: {described(error)}"
        _refuse(send, fault, ExitCode.BACKEND)
    return backend


def ready_loss(name: str, send: Send) -> Loss:
    """Return the loss; or send why it cannot be loaded, and exit."""
    return _loaded(send, f"loss {name!r}", lambda: plugins.get_loss(name))


def ready_dataset(name: str, send: Send) -> Dataset:
    """Return the data set after it has loaded images; or send why it cannot, and exit."""

    def load() -> Dataset:
        dataset = plugins.get_dataset(name)
        dataset.load(None)
        return dataset

    return _loaded(send, f"data set {name!r}", load)


def _loaded(send: Send, subject: str, load: Callable[[], Loaded]) -> Loaded:
    """Return what a function loads; or send why it cannot, and exit."""
    try:
        send({"doing": "while it was loaded"})
        return load()
    except GankitError as error:
        _refuse(send, str(error), error.exit_code)
    except (Exception, SystemExit) as error:
        _refuse(send, f"{subject} cannot be loaded: {described(error)}", ExitCode.BACKEND)


READY: dict[str, Callable[[str, Send], Backend | Loss | Dataset]] = {
    "backend": ready_backend,
    "loss": ready_loss,
    "dataset": ready_dataset,
}
"""For each kind, the function that loads what is checked."""


def _pair(place: str, send: Send) -> NativePair:
    """Return the function at MODULE:FUNCTION; modules of the working folder are found too."""
    module, _, function = place.partition(":")
    sys.path.insert(0, str(Path.cwd()))  # As `python -m` does; removed, it may hold other `tests`.
    try:
        found: NativePair = getattr(importlib.import_module(module), function)
    except Exception as error:
        fault = f"--native-pair: got {place!r}; expected MODULE:FUNCTION; {described(error)}"
        _refuse(send, fault, ExitCode.USAGE)
    finally:
        del sys.path[0]
    return found


def _refuse(send: Send, fault: str, code: int) -> NoReturn:
    """Send why it cannot be checked, and exit."""
    send({"refused": plain(fault, 2000), "exit_code": int(code)})
    os._exit(0)  # pytest would report SystemExit as its own error.


def _skipped(report: pytest.TestReport) -> dict[str, Any]:
    """Return why a case was skipped: what is not claimed, or which argument is missing."""
    from gankit.testing.subject import NO_PAIR

    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if reason == NO_PAIR:
        return {"result": "not run", "reason": reason}
    if claimed := _NOT_CLAIMED.search(reason):
        return {"result": "not claimed", "reason": claimed[1]}
    return {"result": "not claimed", "reason": _LACKS.sub("", reason).strip("'")}


def _clause(nodeid: str) -> str:
    """Return the name of a case's test.

    >>> _clause("subject.py::TestBackend::test_counts[2]")
    'test_counts'
    """
    return nodeid.rpartition("::")[2].partition("[")[0]


if __name__ == "__main__":
    main(sys.argv[1:])
