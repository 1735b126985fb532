"""Choose the CPU library of float32 matrix products: oneDNN, if its results are float32.

PyTorch calls its BLAS by default, which on some processors is much slower than they allow. It calls
oneDNN if products may be rounded to bfloat16. On processors with matrix units oneDNN does round
them; on others it multiplies in float32 all the same. So a test product is computed, and oneDNN is
chosen only if the error is that of float32. The choice does not depend on time measurements, so a
resumed run has the same bits.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import torch

STRICT = "GANKIT_TORCH_STRICT"
"""If set in the environment, products use PyTorch's default library."""
ALLOW_BFLOAT16 = "bf16"
"""The precision setting with which PyTorch calls oneDNN."""
MAX_FLOAT32_ERROR = 1e-4
"""A relative error between that of float32, about 1e-6 in products this long, and bfloat16, 3e-3.
"""

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


@functools.cache
def onednn_is_exact() -> bool:
    """Return whether oneDNN is available and multiplies float32 matrices in float32."""
    available = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if not available or os.environ.get(STRICT):
        return False
    random = torch.Generator().manual_seed(0)
    left, right = (torch.randn(256, 256, generator=random) for _ in range(2))
    exact = left.double() @ right.double()
    with _precision(ALLOW_BFLOAT16):
        error = (left @ right - exact).abs().max() / exact.abs().max()
    return bool(error < MAX_FLOAT32_ERROR)


def fast_matmul(function: Callable[Arguments, Returned]) -> Callable[Arguments, Returned]:
    """Let a function use oneDNN if its products are float32; restore the setting afterwards."""

    @functools.wraps(function)
    def wrapper(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Returned:
        if not onednn_is_exact():
            return function(*args, **kwargs)
        with _precision(ALLOW_BFLOAT16):
            return function(*args, **kwargs)

    return wrapper


def library_name() -> str:
    """Return a text that names the CPU library of float32 products."""
    if onednn_is_exact():
        return "oneDNN, in float32"
    return f"PyTorch's default, set by {STRICT}" if os.environ.get(STRICT) else "PyTorch's default"


@contextmanager
def _precision(precision: str) -> Iterator[None]:
    """Set the allowed rounding of float32 products inside the block."""
    settings = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
    before = settings.fp32_precision
    settings.fp32_precision = precision
    try:
        yield
    finally:
        settings.fp32_precision = before
