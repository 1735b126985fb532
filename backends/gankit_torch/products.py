"""Which library multiplies float32 matrices on a CPU: oneDNN, where that is float32 still.

PyTorch asks its BLAS by default, which on some processors is far from their peak. oneDNN is asked
when products are allowed to round to bfloat16. On processors with matrix units it then does round,
and on others it multiplies in float32 all the same: so a product is tried, and oneDNN is taken only
if its error is that of float32. Time is not looked at, as it would choose otherwise another day,
and a resumed run would no longer have the same bits.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import torch

STRICT = "GANKIT_TORCH_STRICT"
"""Set in the environment, it leaves products to PyTorch's default library."""
ASKS_ONEDNN = "bf16"
ROUNDING = 1e-4
"""Relative error that tells float32, some 1e-6 in products this long, from bfloat16, some 3e-3."""

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
    """Let a function multiply by oneDNN where that is float32; what was set before comes back."""

    @functools.wraps(function)
    def called(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Returned:
        if not onednn():
            return function(*args, **kwargs)
        with _allowed(ASKS_ONEDNN):
            return function(*args, **kwargs)

    return called


def described() -> str:
    """Return which library multiplies float32 matrices on a CPU, for a person."""
    if onednn():
        return "oneDNN, in float32"
    return f"PyTorch's default, as {STRICT} asks" if os.environ.get(STRICT) else "PyTorch's default"


@contextmanager
def _allowed(precision: str) -> Iterator[None]:
    """Set what products of float32 matrices may be rounded to, for as long as it lasts."""
    settings = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
    before = settings.fp32_precision
    settings.fp32_precision = precision
    try:
        yield
    finally:
        settings.fp32_precision = before
