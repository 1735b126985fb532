"""Only the matrix products of a step, by TensorFlow, in one compiled call."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from loops.factors import factors


def loop(_images: np.ndarray) -> Callable[[int], None]:
    """Return a function that multiplies n times."""
    found = factors()
    pairs = [
        (laid(f.rows, f.inner, f.turned == "left"), laid(f.inner, f.columns, f.turned == "right"))
        for f in found
    ]

    @tf.function
    def one_step(pairs: list[tuple[tf.Tensor, tf.Tensor]]) -> list[tf.Tensor]:
        return [
            tf.linalg.matmul(*pair, transpose_a=f.turned == "left", transpose_b=f.turned == "right")
            for f, pair in zip(found, pairs, strict=True)
        ]

    def run(steps: int) -> None:
        for _ in range(steps):
            one_step(pairs)

    return run


def laid(rows: int, columns: int, turned: bool) -> tf.Tensor:
    """Return a random matrix in the memory layout of a framework."""
    return tf.random.normal((columns, rows) if turned else (rows, columns))
