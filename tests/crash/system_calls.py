"""Faults at the n-th system call that writes: the process dies, or the call fails."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager

FAILING = ("open", "write", "fsync", "mkdir", "rename", "replace")
"""The calls that a full or broken disk lets fail."""
EVERY = (*FAILING, "close", "unlink", "rmdir", "ftruncate", "truncate", "link", "symlink", "remove")
"""Every call of `os` with which gankit changes a disk, or might."""


@contextmanager
def struck(number, fault, names=EVERY):
    """Replace the `number`-th call inside the block by `fault(call, *arguments)`.

    Yields the names of the calls that were made, a list that grows; the fault happened if it is
    as long as `number`.
    """
    made, originals = [], {name: getattr(os, name) for name in names}

    def standing_in(name, original):
        def call(*arguments, **options):
            made.append(name)
            if len(made) == number:
                return fault(original, *arguments, **options)
            return original(*arguments, **options)

        return call

    for name, original in originals.items():
        setattr(os, name, standing_in(name, original))
    try:
        yield made
    finally:
        for name, original in originals.items():
            setattr(os, name, original)


def killed_before(_call, *_arguments, **_options):
    """Die before the call."""
    os.kill(os.getpid(), signal.SIGKILL)


def killed_after(call, *arguments, **options):
    """Die after the call, even if it failed."""
    try:
        call(*arguments, **options)
    finally:
        os.kill(os.getpid(), signal.SIGKILL)


def failing(code):
    """Return the fault that raises an OSError of that number and does nothing."""

    def fault(_call, *_arguments, **_options):
        raise OSError(code, os.strerror(code))

    return fault


def torn(code):
    """Return the fault of a write that fails after half of its bytes."""

    def fault(call, *arguments, **_options):
        if call.__name__ == "write":
            _half(call, *arguments)
        raise OSError(code, os.strerror(code))

    return fault


def short(call, *arguments, **options):
    """Write half of the bytes and return their number, as a write may; pass other calls on."""
    return _half(call, *arguments) if call.__name__ == "write" else call(*arguments, **options)


def _half(call, descriptor, content):
    return call(descriptor, memoryview(content)[: max(1, len(content) // 2)])
