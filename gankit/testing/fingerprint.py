"""A short run in a process of its own: `python -m gankit.testing.fingerprint BACKEND`.

It prints one line of JSON: which of the backend's required modules were imported before it was
asked to build, and a hash of the state after the run.
"""

from __future__ import annotations

import hashlib
import json
import sys

from gankit.backend import State
from gankit.plugins import get_backend
from gankit.testing.agreement import layout
from gankit.testing.courses import Course
from gankit.testing.problems import full, images
from gankit.testing.processes import Fingerprint


def fingerprint(name: str) -> Fingerprint:
    """Train the backend called `name` for five rounds and describe what happened."""
    backend = get_backend(name)
    early = [module for module in backend.requires if module in sys.modules]
    problem = full(backend)
    trainer = backend.trainer(problem)
    Course(problem, images()).block(trainer, 0, 5)
    return {"imported_early": early, "state": digest(trainer.state())}


def digest(state: State) -> str:
    """Return the SHA-256 of a state's names, types, shapes and bytes, in hexadecimal."""
    sha = hashlib.sha256()
    for name, kind in sorted(layout(state).items()):
        sha.update(f"{name} {kind}\n".encode())
        sha.update(state[name].tobytes())
    return sha.hexdigest()


if __name__ == "__main__":
    print(json.dumps(fingerprint(sys.argv[1])))
