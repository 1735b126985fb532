"""Only the matrix products of a step, by PyTorch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from loops.factors import factors


def loop(_images: np.ndarray, library: str = "onednn") -> Callable[[int], None]:
    """Return a function that multiplies n times: "onednn", torch's "default", or "bfloat16"."""
    torch.backends.mkldnn.matmul.fp32_precision = "bf16" if library == "onednn" else "none"
    kind = torch.bfloat16 if library == "bfloat16" else torch.float32
    pairs = [
        (
            laid(f.rows, f.inner, kind, f.turned == "left"),
            laid(f.inner, f.columns, kind, f.turned == "right"),
        )
        for f in factors()
    ]

    def run(steps: int) -> None:
        for _ in range(steps):
            for left, right in pairs:
                torch.mm(left, right)

    return run


def laid(rows: int, columns: int, kind: torch.dtype, turned: bool) -> torch.Tensor:
    """Return a random matrix in the memory layout of a framework."""
    whole = torch.randn(columns, rows).t() if turned else torch.randn(rows, columns)
    return whole.to(kind)
