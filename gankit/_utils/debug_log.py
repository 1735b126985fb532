"""gankit's log on standard error, in a command and in its child processes."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

DEBUG = "GANKIT_DEBUG"
"""The environment variable with the effect of `--debug`; child processes inherit it."""
LOG = logging.getLogger("gankit")


def debug_asked() -> bool:
    """Return whether `GANKIT_DEBUG` is set, and is not 0."""
    return os.environ.get(DEBUG, "0") not in ("", "0")


@contextmanager
def debugging() -> Iterator[None]:
    """Show the log on standard error inside the block, and in child processes started there."""
    handler, before = logging.StreamHandler(), LOG.level
    LOG.addHandler(handler)
    LOG.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        LOG.setLevel(before)


def heed_debug() -> None:
    """Show gankit's log until this process ends, if the parent process shows it."""
    if debug_asked():
        LOG.addHandler(logging.StreamHandler())
        LOG.setLevel(logging.DEBUG)
