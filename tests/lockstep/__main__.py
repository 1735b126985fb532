"""Run the contract of backends in processes that train together; see `--help`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from gankit._utils.child_group import run_group
from gankit._utils.start_variables import name_of


def main(arguments: Sequence[str]) -> int:
    """Run the contract of each backend; return the first exit code above 0, or 0."""
    parser = argparse.ArgumentParser(
        "python -m tests.lockstep",
        description="Run the contract of each backend in SIZE processes that train together, all "
        "at the same clause. They stop at the first clause that fails in a process or that ends "
        "differently. Other options are pytest's, such as -k.",
    )
    parser.add_argument("size", type=int, metavar="SIZE", help="number of processes, at least 2")
    parser.add_argument("backends", nargs="+", metavar="BACKEND", help="backends under test")
    given, options = parser.parse_known_args(arguments)
    codes = [run(name, given.size, options) for name in given.backends]
    return next(filter(None, codes), 0)


def run(name: str, size: int, options: Sequence[str]) -> int:
    """Run the contract of one backend; return the exit code."""

    def tell(line: str) -> None:
        print(f"{name}: {line}", flush=True)

    tell(f"{size} processes in lockstep")
    with tempfile.TemporaryDirectory() as folder:
        code = run_group(size, "tests.lockstep.process", [name, folder, *options], tell)
        for rank in range(1, size if code else 1):
            tell(f"the output of {name_of(rank, size)}:")
            print(output(folder, rank).read_text("utf-8", "replace"), flush=True)
    return code


def output(folder: str, rank: int) -> Path:
    """Return the file with the output of a process, which is not the first."""
    path = Path(folder, f"{rank}.txt")
    path.touch()
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
