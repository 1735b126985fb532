"""Arrays aligned so that frameworks can use their memory without a copy."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

ALIGNMENT = 64
"""Alignment in bytes of a framework's tensors: one cache line."""

AnyArray = TypeVar("AnyArray", bound=NDArray[Any])


def aligned(array: AnyArray) -> AnyArray:
    """Return `array` if it is contiguous, writable and aligned to 64 bytes, else an aligned copy.

    >>> aligned(np.arange(5)).ctypes.data % ALIGNMENT
    0
    """
    flags = array.flags
    if flags.c_contiguous and flags.writeable and not array.ctypes.data % ALIGNMENT:
        return array
    memory = np.empty(array.nbytes + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy  # type: ignore[return-value]
