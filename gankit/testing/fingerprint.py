"""Train in a child process: `python -m gankit.testing.fingerprint BACKEND`.

It sends one message: "imported_early" lists the backend's required modules that were imported
before `build` was called, "state" is a hash of the states after short runs of two problems.
"""

from __future__ import annotations

import functools
import hashlib
import sys

from gankit._utils.child_process import Message, answers, channel
from gankit.contract import State, add_prefix
from gankit.plugins import get_backend
from gankit.testing.agreement import layout
from gankit.testing.full_problems import with_all_features
from gankit.testing.harness import Setup
from gankit.testing.problems import full, images
from gankit.testing.rgb import rgb_setup

SECONDS = 600.0
"""Time limit of a child process, in seconds."""


def fingerprint(name: str) -> Message:
    """Train two problems on the backend `name` for a few steps, and return the message."""
    backend = get_backend(name)
    early = [module for module in backend.requires if module in sys.modules]
    ends: State = {}
    plain = Setup(full(backend), images())
    for setup in (plain, rgb_setup(with_all_features(backend, "projection"))):
        trainer = backend.trainer(setup.problem)
        setup.block(trainer, 0, 5)
        ends |= add_prefix(str(setup.problem.image_shape), trainer.state())
    return {"imported_early": early, "state": digest(ends)}


def digest(state: State) -> str:
    """Return the SHA-256 of a state's names, dtypes, shapes and bytes, in hexadecimal."""
    sha = hashlib.sha256()
    for name, kind in sorted(layout(state).items()):
        sha.update(f"{name} {kind}\n".encode())
        sha.update(state[name].tobytes())
    return sha.hexdigest()


@functools.cache
def two_fresh_processes(name: str) -> list[Message]:
    """Return the messages of two child processes, which run side by side."""
    found = answers("gankit.testing.fingerprint", [name], [name], limit=SECONDS)
    if faults := [one["fault"] for one in found if "fault" in one]:
        raise RuntimeError(faults[0])
    return found


if __name__ == "__main__":
    send = channel()
    send(fingerprint(sys.argv[1]) | {"done": True})
