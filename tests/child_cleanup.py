"""Find and kill the processes that a test leaves behind.

As a plugin of pytest (`-p tests.child_cleanup`, or from a conftest) it ends, after each test,
whatever the test started and did not end, however the test itself ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

import pytest

PROC = Path("/proc")
SUBREAPER = 36
"""Linux's PR_SET_CHILD_SUBREAPER: orphans among our descendants become our children."""
LASTING = (b"resource_tracker", b"forkserver")
"""In the command lines of processes that Python's multiprocessing keeps for later."""


def adopt():
    """Become the parent of orphaned processes, so that they are found; Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)


def descendants(root="self"):
    """Return the descendants of process `root`, by default this one; none without /proc.

    It is called twice a test, and frameworks have dozens of threads: objects of pathlib would take
    twice the processor time.
    """
    found = []
    with contextlib.suppress(OSError), os.scandir(PROC / str(root) / "task") as threads:
        for thread in threads:
            with contextlib.suppress(OSError):  # It has ended meanwhile.
                with open(f"{thread.path}/children", "rb", buffering=0) as file:  # noqa: PTH123
                    pids = file.read().split()
                for pid in map(int, pids):
                    found += [pid, *descendants(pid)]
    return found


def end(before=()):
    """Kill the descendants of this process that did not exist `before`, and wait for them."""
    while left := [pid for pid in descendants() if pid not in before and not _lasts(pid)]:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in left:
            with contextlib.suppress(ChildProcessError):  # It is another's; once orphaned, ours.
                os.waitpid(pid, 0)


def _lasts(pid):
    try:
        words = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return False
    return any(name in words for name in LASTING)


def pytest_configure():
    """Become the parent of orphans."""
    adopt()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Record which processes exist: fixtures end theirs."""
    item.stash[_BEFORE] = descendants()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    """Kill the processes of the test after its fixtures have ended theirs."""
    try:
        return (yield)
    finally:
        if _BEFORE in item.stash:
            end(item.stash[_BEFORE])


def pytest_unconfigure():
    """Kill all processes that are left."""
    end()


_BEFORE = pytest.StashKey[list[int]]()
