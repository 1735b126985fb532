"""The torch backend's contract on the device, in several processes.

Trainers take the best device by themselves, so a machine with a GPU tests that. For a CPU, GPUs are
hidden from the processes.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from timed_parts import Rows

from gankit.testing import BackendContract
from gpu_parts.here import Here

ROOT = Path(__file__).parents[3]
TESTS = "tests/testing/test_contract.py::TestBackend"
OUTCOME = re.compile(r"^tests/\S+::(\S.*?) (PASSED|FAILED|ERROR|SKIPPED)\b", re.MULTILINE)
MOST_PROCESSES = 8
QUICK_TESTS = 3


def measure_part(rows: Rows, here: Here) -> None:
    """Run the contract; tests that passed before are not repeated, and add a row."""
    began = time.monotonic()
    passed = here.folder / "kit-passed.txt"
    passed.touch()
    known = here.folder / "kit-passed-before.txt"
    known.write_bytes(passed.read_bytes())
    logs, cut, codes = _run(here, {"NOTE_PASSED": passed, "PASSED": known})
    outcomes = [found for log in logs for found in OUTCOME.findall(log.read_text("utf-8"))]
    counts = Counter(outcome for _, outcome in outcomes)
    failed = sorted({name for name, outcome in outcomes if outcome in {"FAILED", "ERROR"}})
    row = {
        "device": here.device,
        "passed": len(set(passed.read_text("utf-8").splitlines())),
        "failed": len(failed),
        "skipped": counts["SKIPPED"],
        "seconds": time.monotonic() - began,
        "complete": not cut,
    }
    broken = [code for code in codes if code not in {0, 1, 5}]  # 5: all passed before.
    if broken and not cut:
        row["error"] = f"pytest ended with {broken[0]}: see {logs[0].name}"
    rows.add("contract", row | ({"names": failed} if failed else {}))
    if not cut:
        rows.finish()


def _run(here: Here, notes: dict[str, Path]) -> tuple[list[Path], bool, list[int]]:
    """Run the tests; return logs, whether time ended them, and exit codes."""
    names = sorted(name for name in dir(BackendContract) if name.startswith("test_"))
    names = names[:QUICK_TESTS] if here.quick else names
    count = min(max((os.cpu_count() or 1) // 2, 1), MOST_PROCESSES, len(names))
    environment = {name: value for name, value in os.environ.items() if name != "GANKIT_DEVICE"}
    environment |= {f"GANKIT_TEST_{name}": str(file) for name, file in notes.items()}
    environment["GANKIT_TEST_BACKENDS"] = "torch"
    if here.device == "cpu":
        environment["CUDA_VISIBLE_DEVICES"] = ""
    logs = [here.folder / f"kit-{number}.log" for number in range(count)]
    processes = [_start(names[number::count], log, environment) for number, log in enumerate(logs)]
    try:
        for process in processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(here.end - time.monotonic(), 0))
    finally:
        running = [process for process in processes if process.poll() is None]
        for process in running:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return logs, bool(running), [process.wait() for process in processes]


def _start(names: list[str], log: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start tests in a process group of their own, which their own processes are in."""
    words = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--tb=short"]
    words += [f"{TESTS}::{name}" for name in names]
    with log.open("wb") as output:
        return subprocess.Popen(
            words,
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
