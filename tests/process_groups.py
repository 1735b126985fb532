"""Runs of several processes: their launcher, each process by its rank, and what they leave."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
from pathlib import Path

from tests.waiting import SECONDS, ended, kill, wait_for

MARK = "GANKIT_TEST_MARK"
"""A variable that all processes of a group have in their environment, and no others."""
LISTENING = "0A"
"""The state of a listening socket in Linux's tables."""
_COUNT = itertools.count()


class ProcessGroup:
    """A launcher and the processes that it has started; `with` kills those that are left.

    Parameters
    ----------
    words
        The command of the launcher.
    folder
        Where it works.
    variables
        Variables of its environment, beside those of this process.

    Attributes
    ----------
    launcher
        The launcher's process.
    """

    def __init__(self, words, folder=".", **variables):
        self._mark = f"{os.getpid()}-{next(_COUNT)}"
        self._listened = set()
        self.launcher = subprocess.Popen(
            list(map(str, words)),
            cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": "1", **variables, MARK: self._mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in self.processes():
            kill(pid)
        self.launcher.communicate(timeout=SECONDS)

    def processes(self):
        """Return all processes that run: their numbers and their variables."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            variables = variables_of(int(folder.name))
            if variables.get(MARK) == self._mark:
                found[int(folder.name)] = variables
        return found

    def ranks(self):
        """Return the numbers of the processes that train, by rank."""
        return {int(v["RANK"]): pid for pid, v in self.processes().items() if "RANK" in v}

    def remember_sockets(self):
        """Return the sockets on which the processes listen now; `outputs` waits for their end."""
        self._listened = {s for pid in self.processes() for s in sockets(pid)} & listening()
        return self._listened

    def outputs(self, seconds=SECONDS):
        """Wait for the end of all; return the launcher's standard output and error.

        Fails if a process is left, or one of the remembered sockets.
        """
        outputs = ended(self.launcher, "the launcher", seconds)
        wait_for(lambda: not self.processes(), "the processes to end", seconds)
        assert not self._listened & listening(), "a port is still held"
        return outputs


def variables_of(pid):
    """Return the environment with which a process was started; none if it has ended."""
    try:
        content = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    except OSError:
        return {}
    return dict(entry.partition("=")[::2] for entry in content.split("\0") if entry)


def sockets(pid):
    """Return the inodes of a process's sockets."""
    found = set()
    for file in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            target = str(file.readlink())
        except OSError:
            continue
        found |= set(re.findall(r"socket:\[(\d+)\]", target))
    return found


def listening():
    """Return the inodes of this machine's listening sockets."""
    lines = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path("/proc/net", table).read_text().splitlines()[1:]
    ]
    return {words[9] for words in lines if words[3] == LISTENING}
