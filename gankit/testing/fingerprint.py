"""Short runs in a process of their own: `python -m gankit.testing.fingerprint BACKEND`.

It sends one message: "imported_early" lists the backend's required modules that were imported
before it was asked to build, "state" is a hash of the states after the runs of two problems.
"""

from __future__ import annotations

import functools
import hashlib
import sys

from gankit._utils.child_process import Message, answers, channel
from gankit.contract import State, add_prefix
from gankit.plugins import get_backend
from gankit.testing.agreement import layout
from gankit.testing.full_problems import everything
from gankit.testing.harness import Setup
from gankit.testing.problems import full, images
from gankit.testing.rgb import rgb_setup as coloured

SECONDS = 600.0
"""Seconds that a child process may take."""


def fingerprint(name: str) -> Message:
    """Train the backend called `name` for a few steps and describe what happened."""
    backend = get_backend(name)
    early = [module for module in backend.requires if module in sys.modules]
    ends: State = {}
    for setup in (Setup(full(backend), images()), coloured(everything(backend, "projection"))):
        trainer = backend.trainer(setup.problem)
        setup.block(trainer, 0, 5)
        ends |= add_prefix(str(setup.problem.image_shape), trainer.state())
    return {"imported_early": early, "state": digest(ends)}


def digest(state: State) -> str:
    """Return the SHA-256 of a state's names, types, shapes and bytes, in hexadecimal."""
    sha = hashlib.sha256()
    for name, kind in sorted(layout(state).items()):
        sha.update(f"{name} {kind}\n".encode())
        sha.update(state[name].tobytes())
    return sha.hexdigest()


@functools.cache
def two_fresh_processes(name: str) -> list[Message]:
    """Return the fingerprints that two child processes, side by side, make of a backend."""
    found = answers("gankit.testing.fingerprint", [name], [name], limit=SECONDS)
    if faults := [one["fault"] for one in found if "fault" in one]:
        raise RuntimeError(faults[0])
    return found


if __name__ == "__main__":
    send = channel()
    send(fingerprint(sys.argv[1]) | {"done": True})
