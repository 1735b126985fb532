"""Train in a child process: `python -m gankit.testing.fingerprint BACKEND`.

It sends two messages. The first, "imported_early", lists the backend's required modules that were
imported before `build` was called. The second, "state", is a hash of the states after short runs of
two problems; a backend that cannot train sends the first alone.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from typing import Any

from gankit._utils.child_process import Message, answers, channel
from gankit.contract import Backend, State, add_prefix
from gankit.plugins import get_backend
from gankit.testing.agreement import layout
from gankit.testing.full_problems import with_all_features
from gankit.testing.harness import Setup
from gankit.testing.problems import full, images
from gankit.testing.rgb import rgb_setup

SECONDS = 600.0
"""Time limit of a child process, in seconds."""


def fingerprint(backend: Backend) -> str:
    """Train two problems on a backend for a few steps, and return the hash of its states."""
    ends: State = {}
    plain = Setup(full(backend), images())
    for setup in (plain, rgb_setup(with_all_features(backend, "projection"))):
        trainer = backend.trainer(setup.problem)
        setup.block(trainer, 0, 5)
        ends |= add_prefix(str(setup.problem.image_shape), trainer.state())
    return digest(ends)


def digest(state: State) -> str:
    """Return the SHA-256 of a state's names, dtypes, shapes and bytes, in hexadecimal."""
    sha = hashlib.sha256()
    for name, kind in sorted(layout(state).items()):
        sha.update(f"{name} {kind}\n".encode())
        sha.update(state[name].tobytes())
    return sha.hexdigest()


def of_two_fresh_processes(name: str, key: str) -> tuple[Any, Any]:
    """Return a value of each of two child processes; raise RuntimeError if one does not send it."""
    first, second = _two_fresh_processes(name)
    for process in (first, second):
        if key not in process:
            raise RuntimeError(process["fault"])
    return first[key], second[key]


@functools.cache
def _two_fresh_processes(name: str) -> list[Message]:
    """Return the messages of two child processes, which run side by side."""
    return answers("gankit.testing.fingerprint", [name], [name], limit=SECONDS)


if __name__ == "__main__":
    send = channel()
    tested = get_backend(sys.argv[1])
    send({"imported_early": [module for module in tested.requires if module in sys.modules]})
    send({"state": fingerprint(tested), "done": True})
