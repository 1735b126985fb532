"""What is random inside a network, as inputs: so a step is a function of its batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from gankit.layers import Shape
from gankit.randomness import Key, Site, dropout_mask, framework_seed
from gankit_keras.framework import Tensor, tf

CALLS = 2**16
"""How often each seed generator of a network may be asked in one pass; Keras keeps 31 bits."""


class Draw(Protocol):
    """One input that a network's forward pass takes beside its batch."""

    def array(self, key: Key, rows: int) -> NDArray[Any]:
        """Return it for the step at `key`, for a batch of `rows`."""
        ...

    def signature(self, *axes: None) -> tf.TensorSpec:
        """Return its shape and type, with further axes in front."""
        ...


@dataclass(frozen=True)
class Mask:
    """Which values a spec's dropout layer keeps, bool `(rows, *shape)`."""

    site: Site
    layer: int
    shape: Shape
    rate: float

    def array(self, key: Key, rows: int) -> NDArray[np.bool_]:
        """Draw the mask of one step."""
        return dropout_mask(key, self.site, self.layer, (rows, *self.shape), self.rate)

    def signature(self, *axes: None) -> tf.TensorSpec:
        """Return shape and type."""
        return tf.TensorSpec((*axes, None, *self.shape), tf.bool)


@dataclass(frozen=True)
class Seed:
    """The state `(seed, counter)` of a native network's `index`-th `keras.random.SeedGenerator`."""

    site: Site
    index: int

    def array(self, key: Key, rows: int) -> NDArray[np.int64]:  # noqa: ARG002 - see Draw.
        """Return the state in which the generator begins the step."""
        return np.array([framework_seed(key, self.site), self.index * CALLS], np.int64)

    def signature(self, *axes: None) -> tf.TensorSpec:
        """Return shape and type."""
        return tf.TensorSpec((*axes, 2), tf.int64)


class Draws(NamedTuple):
    """What both networks draw in a step, or, stacked, in many; arrays, tensors or signatures."""

    generator: tuple[Tensor, ...]
    discriminator: tuple[Tensor, ...]


@dataclass(frozen=True)
class Drawer:
    """Draws for both networks."""

    generator: tuple[Draw, ...]
    discriminator: tuple[Draw, ...]

    def draws(self, key: Key, fakes: int, judged: int) -> Draws:
        """Draw for one step that makes `fakes` images and judges `judged`."""
        return Draws(
            tuple(draw.array(key, fakes) for draw in self.generator),
            tuple(draw.array(key, judged) for draw in self.discriminator),
        )

    def stacked(self, keys: Sequence[Sequence[Key]], fakes: int, judged: int) -> Draws:
        """Draw for many steps: an axis for `keys`, one for those within each, then as `draws`."""
        return Draws(
            tuple(_stacked(draw, keys, fakes) for draw in self.generator),
            tuple(_stacked(draw, keys, judged) for draw in self.discriminator),
        )

    def signature(self, *axes: None) -> Draws:
        """Return the shapes and types of `draws`, with further axes in front."""
        return Draws(
            tuple(draw.signature(*axes) for draw in self.generator),
            tuple(draw.signature(*axes) for draw in self.discriminator),
        )


def _stacked(draw: Draw, keys: Sequence[Sequence[Key]], rows: int) -> NDArray[Any]:
    arrays = np.stack([draw.array(key, rows) for row in keys for key in row])
    return arrays.reshape(len(keys), len(keys[0]), *arrays.shape[1:])
