"""The suite handles ignored signals, and no test leaves a process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests import run as suite
from tests.paths import ROOT
from tests.signals import USUAL, take_back
from tests.waiting import wait_for

TESTS = """
import subprocess, sys, time
import pytest

def started(name):
    # A process with a session of its own, and one that its parent leaves behind.
    words = [sys.executable, "-c", "import subprocess, sys, time; "
             "child = subprocess.Popen(['sleep', '600'], start_new_session=True, "
             "stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); "
             "print(child.pid, flush=True)"]
    orphan = subprocess.run(words, capture_output=True, text=True).stdout.strip()
    alone = subprocess.Popen(["sleep", "600"], start_new_session=True)
    with open(name, "w") as file:
        file.write(f"{alone.pid} {orphan}")

def test_that_fails():
    started("fails")
    assert False

@pytest.mark.timeout(1)
def test_that_takes_too_long():
    started("late")
    time.sleep(600)

def test_that_comes_after():
    import os
    for name in ("fails", "late"):
        for pid in open(name).read().split():
            with pytest.raises(ProcessLookupError):
                os.kill(int(pid), 0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in Linux's /proc")
@pytest.mark.parametrize("shared", [[], ["-n", "1"]], ids=["by itself", "in a worker"])
def test_a_test_that_fails_or_takes_too_long_leaves_no_process_behind(tmp_path, shared):
    (tmp_path / "test_inner.py").write_text(TESTS, "utf-8")
    words = ["-m", "pytest", "-q", "-p", "tests.child_cleanup", *shared, "test_inner.py"]
    done = subprocess.run(
        [sys.executable, *words],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert "2 failed, 1 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_ignored_signals_are_handled_again_in_the_tests():
    before = {name: signal.getsignal(getattr(signal, name)) for name in USUAL}
    try:
        for name in USUAL:
            signal.signal(getattr(signal, name), signal.SIG_IGN)
        take_back()
        assert {name: signal.getsignal(getattr(signal, name)) for name in USUAL} == USUAL
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def test_the_suite_handles_signals_before_it_starts_a_process(monkeypatch):
    order = []
    monkeypatch.setattr(suite, "take_back", lambda: order.append("taken back"))
    monkeypatch.setattr(suite, "suites", lambda _: [("core", [], "numpy")])
    monkeypatch.setattr(suite, "_pytest", lambda *_: order.append("started") or (1, 0, 0))
    assert suite.main(["numpy"]) == 0
    assert order == ["taken back", "started"]


def test_a_timeout_says_what_was_waited_for():
    with pytest.raises(pytest.fail.Exception, match=r"^waited 0\.05 s for the moon$"):
        wait_for(lambda: False, "the moon", 0.05)
