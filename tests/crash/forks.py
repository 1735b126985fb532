"""Commands in forks of a process that has imported a framework, which takes seconds.

    python -m tests.crash.forks BACKEND

Reads a command's words and variables from each line of standard input, as JSON; starts it in a
child process, and prints the child's process number, and how it ended when it has. Its messages
are in `stderr.txt`.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
import traceback
from pathlib import Path

from tests.crash import phases
from tests.paths import ROOT
from tests.waiting import started

MESSAGES = "stderr.txt"
VERSION = "GANKIT_TEST_VERSION"
MODULES = {"numpy": "gankit_numpy", "torch": "torch", "keras": "keras"}


@contextlib.contextmanager
def forks(backend, folder="."):
    """Yield two functions: one starts a command and returns its process number, one waits for it.

    A command is the words of `gankit`, or those of `tests.crash.phases`; it works in `folder`.
    Keywords are variables of its environment; `VERSION` is that of its gankit. The second function
    returns its exit code, or the negative number of the signal that ended it.
    """
    words = [sys.executable, "-m", "tests.crash.forks", backend]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    environment = os.environ | {"PYTHONPATH": path}
    options |= {"env": environment, "cwd": folder}
    with started(words, f"the forks of {backend}", **options) as parent:

        def start(words, **variables):
            parent.stdin.write(f"{json.dumps([words, variables])}\n")
            parent.stdin.flush()
            return int(parent.stdout.readline())

        yield start, lambda: int(parent.stdout.readline())
        parent.stdin.close()


def serve():
    """Run each command of standard input in a child process."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run(*json.loads(line))
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run(words, variables):
    """Run a command in the child, and end without the parent's clean-up."""
    import gankit
    from gankit.cli import main

    os.environ.update(variables)
    gankit.__version__ = variables.get(VERSION, gankit.__version__)
    with Path(MESSAGES).open("wb") as messages, Path(os.devnull).open("r+b") as nothing:
        for number, file in enumerate((nothing, nothing, messages)):
            os.dup2(file.fileno(), number)
    code = 1
    try:
        (phases.main if words[0] in phases.PHASES else main)(words)
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:
        traceback.print_exc()
    os._exit(code)


if __name__ == "__main__":
    importlib.import_module("gankit.launch.execute")
    importlib.import_module(MODULES[sys.argv[1]])
    serve()
