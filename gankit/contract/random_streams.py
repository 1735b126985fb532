"""Every random number, as a pure function of the seed and of its use.

Philox is counter-based (Salmon et al. 2011): seed and stream are its key, the position its
counter. So there is no random state to save, no two uses share numbers, and every backend gets
the same ones.

>>> a, b = generator(0, Stream.NOISE, 7), generator(0, Stream.NOISE, 7)
>>> bool(a.integers(100) == b.integers(100))
True
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gankit._utils.plain_numbers import number
from gankit.errors import ConfigError, shown
from gankit.layers import DROPOUT_LEVELS

Mask = NDArray[np.bool_]
BLOCK_BYTES = 32
"""Bytes that Philox draws for one value of its counter."""


class Stream(IntEnum):
    """Uses of random numbers; each stream is independent of the others."""

    WEIGHTS = 0
    INDEX = 1
    NOISE = 2
    DROPOUT = 3
    SAMPLE = 4
    PENALTY = 5
    AUGMENT = 6
    INSTANCE = 7
    FLIP = 8
    WATCHDOG = 9
    CLASSIFIER = 10
    REFERENCE = 11
    SUBSETS = 12
    SHARES = 13
    INVERSION = 14
    CODES = 15
    SAMPLE_CODES = 16
    LABELLED = 17
    SOURCE_INDEX = 18
    PASSES = 19


class Role(IntEnum):
    """The network that uses random numbers inside an update.

    Further networks have the numbers of `Problem.roles`, from 2 on.
    """

    GENERATOR = 0
    DISCRIMINATOR = 1


class StepKey(NamedTuple):
    """The position of an update in a run.

    Attributes
    ----------
    seed
        The run's seed, in [0, 2^63).
    step
        Counted from 0.
    update
        Counted from 0 to n_critic in a step; the last one is the generator's.
    """

    seed: int
    step: int
    update: int


def check_seed(seed: object) -> None:
    """Raise ConfigError unless `seed` is a whole number in [0, 2^63)."""
    seed = number(seed)
    if not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise ConfigError(f"seed: got {shown(seed)}; expected a whole number in [0, 2^63)")


def generator(seed: int, stream: Stream, *position: int) -> np.random.Generator:
    """Return the generator at one position of `stream`, for the run with `seed`.

    `position` is up to three numbers, each in [0, 2^64).
    """
    seed, *place = map(int, (seed, *position))  # NumPy integers would wrap around.
    counter = [0, *place, *[0] * (3 - len(place))]
    return np.random.Generator(np.random.Philox(key=[seed, stream], counter=counter))


def dropout_mask(
    key: StepKey,
    role: int,
    layer: int,
    shape: tuple[int, ...],
    rate: float,
    part: int = 0,
    rows: Sequence[slice] | None = None,
) -> Mask:
    """Return a dropout layer's mask, True with probability `keep_probability(rate)`.

    One random byte per value is compared with a threshold: ten times cheaper than the frameworks'
    own dropout, and the same for all.

    Parameters
    ----------
    key
        The update.
    role
        The number of the layer's network: a `Role`, or one of `Problem.roles`.
    layer
        The layer's number in `layers.walk`.
    shape
        Shape of the layer's input, with the complete batch first; fakes come before reals.
    rate
        The layer's rate, in [0, 1).
    part
        Pass of the network in the update: 0, the default, is the first, of the discriminator the
        adversarial one, and i + 1 that of the i-th penalty.
    rows
        Rows of the mask, without a step: only these are drawn, and returned one after the other.
        None, the default, for all.
    """
    position = (key.step, key.update, role << 32 | part << 24 | layer)
    size = math.prod(shape[1:])
    spans = [(0, shape[0])] if rows is None else [(span.start, span.stop) for span in rows]
    values = [_dropout_bytes(key.seed, position, size * a, size * b) for a, b in spans]
    joined = values[0] if len(values) == 1 else np.concatenate(values)
    return joined.reshape(-1, *shape[1:]) >= _threshold(rate)


def _dropout_bytes(
    seed: int, position: tuple[int, int, int], start: int, stop: int
) -> NDArray[np.uint8]:
    """Return the random bytes from `start` to `stop` at one position, without those before."""
    first = start // BLOCK_BYTES
    philox = np.random.Philox(key=[seed, Stream.DROPOUT], counter=[first, *position])
    before = first * BLOCK_BYTES
    words = philox.random_raw((stop - before + 7) // 8)
    return words.astype("<u8", copy=False).view(np.uint8)[start - before : stop - before]


def keep_probability(rate: float) -> float:
    """Return the probability that dropout keeps a value: 1 - `rate`, a multiple of 1/256.

    >>> keep_probability(0.3)
    0.69921875
    """
    return 1 - _threshold(rate) / DROPOUT_LEVELS


def framework_seed(key: StepKey, role: int, part: int = 0) -> int:
    """Return a 32-bit seed for a framework's own generator, for native networks.

    Parameters
    ----------
    key, role, part
        As in `dropout_mask`.
    """
    words = [*key, role, part] if part else [*key, role]
    return int(np.random.SeedSequence(words).generate_state(1)[0])


def _threshold(rate: float) -> int:
    return min(round(float(rate) * DROPOUT_LEVELS), DROPOUT_LEVELS - 1)
