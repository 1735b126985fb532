"""Keep freed memory in the process, so that the next step need not request it again."""

from __future__ import annotations

import functools
import os

from gankit._utils.system import set_malloc_option

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""The numbers of these parameters of glibc's `mallopt`."""
MOST_KEPT = 2**30
"""Bytes that the heap's end may keep free."""
LARGEST = 32 * 2**20
"""Bytes up to which memory comes from the heap, the most that glibc allows; more is mapped."""
VARIABLES = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")
"""Set in the environment, they are the user's own choice."""


@functools.cache
def keep_freed_memory() -> bool:
    """Let glibc keep freed memory for the process, once; return whether it does.

    By default it gives the memory of large arrays back to the system and requests it for each step
    again, whose pages the system clears each time. Peak memory grows by a few percent. With another
    C library, or if one of `VARIABLES` is set, nothing happens.
    """
    if any(name in os.environ for name in VARIABLES):
        return False
    return set_malloc_option(TRIM_THRESHOLD, MOST_KEPT) and set_malloc_option(
        MMAP_THRESHOLD, LARGEST
    )
