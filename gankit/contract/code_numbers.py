"""Random codes, as columns of the noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gankit.codes import Code
from gankit.contract.random_streams import Stream, generator

Numbers = NDArray[np.float32]


def code_numbers(
    codes: Sequence[Code], seed: int, step: int, lead: tuple[int, ...]
) -> NDArray[np.float32]:
    """Return the codes of a step of training, `(*lead, columns)`, drawn in float32.

    Each code has a stream of its own, so that one more does not change the others.
    """
    randoms = [generator(seed, Stream.CODES, step, number) for number in range(len(codes))]
    return _drawn(codes, randoms, lead)


def sample_codes(codes: Sequence[Code], seed: int, sizes: Sequence[int]) -> Iterator[Numbers]:
    """Yield the codes of samples, `(size, columns)` for each of `sizes`.

    The first rows do not depend on the sizes.
    """
    randoms = [generator(seed, Stream.SAMPLE_CODES, number) for number in range(len(codes))]
    for size in sizes:
        yield _drawn(codes, randoms, (size,))


def _drawn(
    codes: Sequence[Code], randoms: Sequence[np.random.Generator], lead: tuple[int, ...]
) -> Numbers:
    parts = [_one(code, random, lead) for code, random in zip(codes, randoms, strict=True)]
    return np.concatenate([np.empty((*lead, 0), np.float32), *parts], axis=-1)


def _one(code: Code, random: np.random.Generator, lead: tuple[int, ...]) -> Numbers:
    match code.kind:
        case "categorical":
            chosen = (random.random(lead) * code.size).astype(np.int64)
            return np.eye(code.size, dtype=np.float32)[chosen]
        case "uniform":
            return random.random((*lead, code.size), np.float32) * np.float32(2) - np.float32(1)
        case "normal":
            return random.standard_normal((*lead, code.size), np.float32)
