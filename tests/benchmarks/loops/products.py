"""The matrix products of a round alone, with what no gradient needs left out: 3.71 GFLOP.

The generator's forward pass is made once for both steps; no gradient is taken by the images in the
discriminator's step, nor by its weights in the generator's, nor by the noise.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import torch

from loops import BATCH, DISCRIMINATOR, GENERATOR


def pairs() -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return the factors of every product, laid out as a framework has them."""
    found = []

    def product(rows: int, inner: int, columns: int, turned: str = "") -> None:
        left = torch.randn(inner, rows).t() if turned == "left" else torch.randn(rows, inner)
        right = torch.randn(columns, inner).t() if turned == "right" else None
        found.append((left, torch.randn(inner, columns) if right is None else right))

    def forward(n: int, widths: tuple[int, ...]) -> None:
        for inputs, units in itertools.pairwise(widths):
            product(n, inputs, units)

    def backward(n: int, widths: tuple[int, ...], weights: bool, images: bool) -> None:
        for place, (inputs, units) in enumerate(itertools.pairwise(widths)):
            if weights:
                product(inputs, n, units, "left")
            if place or images:
                product(n, units, inputs, "right")

    forward(BATCH, GENERATOR)
    forward(2 * BATCH, DISCRIMINATOR)
    backward(2 * BATCH, DISCRIMINATOR, weights=True, images=False)
    forward(BATCH, DISCRIMINATOR)
    backward(BATCH, DISCRIMINATOR, weights=False, images=True)
    backward(BATCH, GENERATOR, weights=True, images=False)
    return found


def loop(_images: np.ndarray, library: str = "onednn") -> Callable[[int], None]:
    """Return what multiplies so often: by "onednn", torch's "default", or in "bfloat16"."""
    torch.backends.mkldnn.matmul.fp32_precision = "bf16" if library == "onednn" else "none"
    kind = torch.bfloat16 if library == "bfloat16" else torch.float32
    factors = [(left.to(kind), right.to(kind)) for left, right in pairs()]

    def run(rounds: int) -> None:
        for _ in range(rounds):
            for left, right in factors:
                torch.mm(left, right)

    return run
