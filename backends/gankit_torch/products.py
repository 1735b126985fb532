"""Choose the CPU library of float32 matrix products: oneDNN, if its results are float32.

PyTorch calls its BLAS by default, which on some processors is far from their peak. It calls oneDNN
if products may round to bfloat16. On processors with matrix units oneDNN then does round, and on
others it still multiplies in float32: so a product is tried, and oneDNN is chosen only if its error
is that of float32. The choice does not depend on time measurements, so a resumed run has the same
bits.
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
ASKS_ONEDNN = "bf16"
ROUNDING = 1e-4
"""Relative error between that of float32, about 1e-6 in products this long, and bfloat16, 3e-3."""

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


@functools.cache
def onednn() -> bool:
    """Return whether oneDNN multiplies float32 matrices here, and in float32."""
    there = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if not there or os.environ.get(STRICT):
        return False
    random = torch.Generator().manual_seed(0)
    left, right = (torch.randn(256, 256, generator=random) for _ in range(2))
    exact = left.double() @ right.double()
    with _allowed(ASKS_ONEDNN):
        error = (left @ right - exact).abs().max() / exact.abs().max()
    return bool(error < ROUNDING)


def fast(function: Callable[Arguments, Returned]) -> Callable[Arguments, Returned]:
    """Make a function use oneDNN if its products are float32; the old setting is restored."""

    @functools.wraps(function)
    def called(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Returned:
        if not onednn():
            return function(*args, **kwargs)
        with _allowed(ASKS_ONEDNN):
            return function(*args, **kwargs)

    return called


def described() -> str:
    """Return a text that names the CPU library of float32 products."""
    if onednn():
        return "oneDNN, in float32"
    return f"PyTorch's default, as {STRICT} asks" if os.environ.get(STRICT) else "PyTorch's default"


@contextmanager
def _allowed(precision: str) -> Iterator[None]:
    """Set the allowed rounding of float32 products inside the block."""
    settings = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
    before = settings.fp32_precision
    settings.fp32_precision = precision
    try:
        yield
    finally:
        settings.fp32_precision = before
