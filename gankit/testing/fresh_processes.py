"""Runs in processes of their own, where nothing of this one's can help them."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from typing import TypedDict


class Fingerprint(TypedDict):
    """What `gankit.testing.fingerprint` prints."""

    imported_early: list[str]
    state: str


@functools.cache
def two_fresh_processes(name: str) -> tuple[Fingerprint, Fingerprint]:
    """Return the fingerprints that two processes, side by side, make of the backend `name`."""
    command = [sys.executable, "-m", "gankit.testing.fingerprint", name]
    pipe = subprocess.PIPE
    first, second = (
        subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)  # noqa: S603 - our own.
        for _ in range(2)
    )
    return _result(first), _result(second)


def _result(process: subprocess.Popen[str]) -> Fingerprint:
    output, errors = process.communicate()
    if process.returncode:
        raise RuntimeError(f"a fresh process ended with {process.returncode}:\n{errors}")
    found: Fingerprint = json.loads(output.splitlines()[-1])
    return found
