"""The processes of one run as forks: each starts without importing a framework again."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gankit._utils.child_group import free_ports
from gankit._utils.start_variables import CLUSTER, HERE, LOCAL_RANK, LOCAL_SIZE, on_this_machine
from tests.crash.forks import MESSAGES
from tests.selection import selected


def require(backend):
    """Skip the test unless a backend is under test, and can train in several processes."""
    framework = os.environ.get("KERAS_BACKEND", "tensorflow") if backend == "keras" else ""
    if not selected(backend) or framework not in ("", "tensorflow"):
        pytest.skip(f"{backend} is not installed, or not to be used in this process")


class Ranks:
    """Processes that are started together, each in a folder of its own, named by its rank.

    Parameters
    ----------
    backend
        The backend that they import.
    forks
        The forks of that backend.
    places
        The folders.
    """

    def __init__(self, backend, forks, places):
        self.backend, self.forks, self.places = backend, forks, places
        self._started = []

    def start(self, *commands, machines=False, **last):
        """Start commands together; return their process numbers.

        `machines` is whether each has a machine of its own; `last` are more variables of the last.
        """
        each = variables(self.backend, len(commands), machines=machines)
        each[-1] |= last
        used = zip(self.places, commands, each, strict=False)
        self._started = [self.forks.start(words, place, **own) for place, words, own in used]
        return self._started

    def ended(self):
        """Wait until all have ended; return their exit codes and messages."""
        codes = [self.forks.ended(process) for process in self._started]
        places = self.places[: len(codes)]
        return codes, [(place / MESSAGES).read_text("utf-8") for place in places]

    def run(self, *commands, machines=False, **last):
        """Start commands and wait for their end."""
        self.start(*commands, machines=machines, **last)
        return self.ended()


def ranks(backend, most, folder, forks):
    """Return up to `most` processes of the same forks, whose folders are in `folder`."""
    places = [Path(folder, str(rank)) for rank in range(most)]
    for place in places:
        place.mkdir()
    return Ranks(backend, forks, places)


def variables(backend, size, *, machines):
    """Return the variables with which each of the processes is started."""
    if size == 1:
        return [{}]
    port = free_ports(size + 1)
    found = [on_this_machine(rank, size, port) for rank in range(size)]
    if machines:
        for rank, each in enumerate(found):
            del each[LOCAL_RANK], each[LOCAL_SIZE]
            if backend == "keras":
                addresses = [f"{HERE}:{port + other}" for other in range(size)]
                each[CLUSTER] = cluster(addresses, rank)
    return found


def cluster(addresses, rank):
    """Return the value of `TF_CONFIG` for the process of a rank."""
    return json.dumps(
        {"cluster": {"worker": list(addresses)}, "task": {"type": "worker", "index": rank}}
    )
