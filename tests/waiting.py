"""Waits with a timeout, which say what was waited for."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time

import pytest

SECONDS = 60.0
"""How long a wait takes at most. What is waited for takes a second or two on a machine that is not
busy."""


def wait_for(condition, what, seconds=SECONDS):
    """Return the first true result of `condition`; fail with `what` after the timeout.

    Parameters
    ----------
    condition
        Called again and again without arguments.
    what
        Ends the sentence "waited 60 s for ...".
    """
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            pytest.fail(f"waited {seconds:g} s for {what}")
        time.sleep(0.01)
    return found


def ended(process, what, seconds=SECONDS):
    """Return an ended process's standard output and error; after the timeout kill it and fail."""
    try:
        return process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        kill(process.pid)
        pytest.fail(f"waited {seconds:g} s for {what} to end")


def ran(words, what, seconds=SECONDS, **options):
    """Run `words`; return the ended process with its output; after the timeout kill it and fail."""
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )
    out, err = ended(process, what, seconds)
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def exit_code(pid, what, seconds=SECONDS):
    """Return the exit code of the child `pid`; after the timeout kill it and fail."""
    end = time.monotonic() + seconds
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > end:
            kill(pid)
            os.waitpid(pid, 0)
            pytest.fail(f"waited {seconds:g} s for {what} to end")
        time.sleep(0.01)


@contextlib.contextmanager
def started(words, what, **options):
    """Yield a process that runs `words`; wait for its end, or kill it if the block fails."""
    process = subprocess.Popen(words, **options)
    try:
        yield process
        process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        pytest.fail(f"waited {SECONDS:g} s for {what} to end")
    finally:
        if process.poll() is None:
            kill(process.pid)
            process.wait(SECONDS)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def kill(pid):
    """Kill a process, if it still runs."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
