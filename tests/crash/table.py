"""Run the crash tests with their long settings, and write the results into docs/reliability.md.

    python -m tests.crash.table numpy torch keras

A run takes about half an hour on two cores. The page is written only if every test passes.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tests.child_cleanup import adopt, end
from tests.paths import ROOT
from tests.run import WITHIN, battery, paths

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- results: written by make crash -->\n", "<!-- end of results -->\n"
TIME_LIMIT = 3 * 3600
"""Seconds that one process of tests may take."""
ROWS = {
    "kill-store": "kill -9 of the store",
    "kill-calls": "kill -9 before and after each system call",
    "kill-train": "kill -9 of `gankit train`, resumed until it is done",
    "processes": "kill -9 and SIGTERM of one of two processes, or of their launcher",
    "two-hosts": "two hosts: one killed, the link cut",
    "lost-folder": "a run's folder moved, removed or replaced in any phase",
    "foreign": "checkpoints of another run in the folder",
    "rotation": "reading beside a writer that prunes",
    "every-step": "stop and resume at each of 12 steps",
    "failing-disk": "system calls that fail, a full disk, a read-only one",
    "corruption": "corrupted checkpoints",
    "hostile": "hostile files",
    "fuzzing": "fuzzing",
    "downloads": "faulty downloads",
    "signals": "signals × phases × once, twice",
    "not-finite": "NaN, +∞, −∞",
    "plugins": "faulty plugins",
    "no-pickle": "nothing read is executed",
}


def main(backends: list[str]) -> int:
    """Run all crash tests; return the exit status."""
    began = time.perf_counter()
    adopt()
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder, "notes.jsonl")
        runs = [(battery(), ",".join(backends))]
        runs += [(paths(WITHIN), name) for name in backends]
        failed = [chosen for chosen, tested in runs if not passes(chosen, tested, notes)]
        if failed:
            print(f"{len(failed)} of {len(runs)} runs failed; {PAGE.name} is as it was")
            return 1
        found = [json.loads(line) for line in notes.read_text("utf-8").splitlines()]
    page = PAGE.read_text("utf-8")
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(before + BEGIN + results(found, time.perf_counter() - began) + END + after)
    print(f"written: {PAGE.relative_to(ROOT)}")
    return 0


def passes(chosen: list[str], tested: str, notes: Path) -> bool:
    """Run these tests in a separate process, with the long settings."""
    environment = os.environ | {
        "GANKIT_CRASH": "full",
        "GANKIT_CRASH_NOTES": str(notes),
        "GANKIT_TEST_BACKENDS": tested,
    }
    command = [sys.executable, "-m", "pytest", "-q", *chosen, "--timeout=3600"]
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, timeout=TIME_LIMIT, check=False)
        return done.returncode == 0
    except subprocess.TimeoutExpired:
        print(f"waited {TIME_LIMIT:,} s for {' '.join(chosen)}, with {tested}, to end")
        return False
    finally:
        end()


def results(found: list[dict[str, str]], seconds: float) -> str:
    """Return the table, with machine and date."""
    lines = ["", "| fault | result |", "|---|---|"]
    for row, title in ROWS.items():
        said = dict.fromkeys(note["result"] for note in found if note["row"] == row)
        lines.append(f"| {title} | {'<br>'.join(said) or '—'} |")
    return "\n".join([*lines, "", machine(seconds), "", ""])


def machine(seconds: float) -> str:
    """Return one sentence about this machine and this run."""
    return (
        f"Run on {datetime.now(UTC):%Y-%m-%d} in {seconds / 60:.0f} minutes on "
        f"{os.cpu_count()} cores ({processor()}), {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}."
    )


def processor() -> str:
    """Return the processor's name, as far as the system tells it."""
    return next(_models(Path("/proc/cpuinfo")), platform.machine())


def _models(table: Path) -> Iterator[str]:
    if table.exists():
        for line in table.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                yield line.partition(":")[2].strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["numpy", "torch", "keras"]))
