"""Short runs in a process of their own: `python -m gankit.testing.fingerprint BACKEND`.

It prints one line of JSON: which of the backend's required modules were imported before it was
asked to build, and a hash of the states after the runs of two problems.
"""

from __future__ import annotations

import hashlib
import json
import sys

from gankit.contract import State, add_prefix
from gankit.plugins import get_backend
from gankit.testing.agreement import layout
from gankit.testing.fresh_processes import Fingerprint
from gankit.testing.full_problems import everything
from gankit.testing.harness import Course
from gankit.testing.problems import full, images
from gankit.testing.rgb import course as coloured


def fingerprint(name: str) -> Fingerprint:
    """Train the backend called `name` for a few steps and describe what happened."""
    backend = get_backend(name)
    early = [module for module in backend.requires if module in sys.modules]
    ends: State = {}
    for course in (Course(full(backend), images()), coloured(everything(backend, "projection"))):
        trainer = backend.trainer(course.problem)
        course.block(trainer, 0, 5)
        ends |= add_prefix(str(course.problem.image_shape), trainer.state())
    return {"imported_early": early, "state": digest(ends)}


def digest(state: State) -> str:
    """Return the SHA-256 of a state's names, types, shapes and bytes, in hexadecimal."""
    sha = hashlib.sha256()
    for name, kind in sorted(layout(state).items()):
        sha.update(f"{name} {kind}\n".encode())
        sha.update(state[name].tobytes())
    return sha.hexdigest()


if __name__ == "__main__":
    print(json.dumps(fingerprint(sys.argv[1])))
