"""Commands in forks of a process that has imported a framework, which takes seconds.

    python -m tests.crash.forks BACKEND

Each line of its standard input is JSON. For the words of a command, its variables and its folder it
starts the command in a child process, and prints the child's process number; for such a number it
prints how that child ended, when it has. A child's messages are in `stderr.txt`, in its folder.
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


class Forks:
    """The forks of one process.

    Parameters
    ----------
    parent
        The process, which runs this module.
    """

    def __init__(self, parent):
        self._parent = parent

    def start(self, words, folder=".", **variables):
        """Start a command in a folder; return its process number.

        A command is the words of `gankit`, or those of `tests.crash.phases`. Keywords are
        variables of its environment; `VERSION` is that of its gankit.
        """
        return self._answer([words, variables, str(Path(folder).absolute())])

    def ended(self, process):
        """Wait for a process; return its exit code, or the negative number of its signal."""
        return self._answer(process)

    def finished(self, words, folder="."):
        """Run a command that must succeed; return its messages."""
        code = self.ended(self.start(words, folder))
        said = Path(folder, MESSAGES).read_text("utf-8")
        assert code == 0, said
        return said

    def _answer(self, request):
        self._parent.stdin.write(f"{json.dumps(request)}\n")
        self._parent.stdin.flush()
        return int(self._parent.stdout.readline())


@contextlib.contextmanager
def forks(backend):
    """Yield the forks of a new process that has imported the framework of a backend."""
    words = [sys.executable, "-m", "tests.crash.forks", backend]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    options["env"] = os.environ | {"PYTHONPATH": path}
    with started(words, f"the forks of {backend}", **options) as parent:
        yield Forks(parent)
        parent.stdin.close()


def serve():
    """Start a child process for each command of standard input, or wait for one."""
    for line in sys.stdin:
        match json.loads(line):
            case int(child):
                _, status = os.waitpid(child, 0)
                print(os.waitstatus_to_exitcode(status), flush=True)
            case words, variables, folder:
                if (child := os.fork()) == 0:
                    os.chdir(folder)
                    _run(words, variables)
                print(child, flush=True)


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
