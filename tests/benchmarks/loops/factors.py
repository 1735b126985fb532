"""The shapes of a step's matrix products, with what no gradient needs left out: 3.71 GFLOP.

The generator's forward pass is made once for both steps; no gradient is taken by the images in the
discriminator's step, nor by its weights in the generator's, nor by the noise.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Literal, NamedTuple

from loops import BATCH, DISCRIMINATOR, GENERATOR


class Factors(NamedTuple):
    """`(rows, inner) @ (inner, columns)`, one of them read across its memory, as derivatives do."""

    rows: int
    inner: int
    columns: int
    turned: Literal["", "left", "right"] = ""


def factors() -> list[Factors]:
    """Return those of a step, in its order."""
    return [
        *_forward(BATCH, GENERATOR),
        *_forward(2 * BATCH, DISCRIMINATOR),
        *_backward(2 * BATCH, DISCRIMINATOR, weights=True, images=False),
        *_forward(BATCH, DISCRIMINATOR),
        *_backward(BATCH, DISCRIMINATOR, weights=False, images=True),
        *_backward(BATCH, GENERATOR, weights=True, images=False),
    ]


def _forward(n: int, widths: tuple[int, ...]) -> Iterator[Factors]:
    for inputs, units in itertools.pairwise(widths):
        yield Factors(n, inputs, units)


def _backward(n: int, widths: tuple[int, ...], weights: bool, images: bool) -> Iterator[Factors]:
    for place, (inputs, units) in enumerate(itertools.pairwise(widths)):
        if weights:
            yield Factors(inputs, n, units, "left")
        if place or images:
            yield Factors(n, units, inputs, "right")
