"""Random numbers inside networks as inputs, so that an update is a function of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit.contract.random_streams import Role, StepKey, dropout_mask, framework_seed
from gankit.layers import Shape
from gankit_keras.framework import Tensor, tf

CALLS = 2**16
"""The most calls of a network's seed generator in one pass; Keras keeps 31 bits."""


class Draw(Protocol):
    """One random input of a network's forward pass."""

    def array(self, key: StepKey, rows: int) -> NDArray[Any]:
        """Return it for the update at `key`, for a batch of `rows`."""
        ...

    def signature(self, *axes: None) -> tf.TensorSpec:
        """Return its shape and dtype, with additional leading axes."""
        ...

    def of(self, part: int) -> Draw:
        """Return the same input of another pass of the update."""
        ...


@dataclass(frozen=True)
class Mask:
    """The mask of a spec's dropout layer, bool `(rows, *shape)`."""

    site: Role
    layer: int
    shape: Shape
    rate: float
    part: int = 0

    def array(self, key: StepKey, rows: int) -> NDArray[np.bool_]:
        """Draw the mask of one update."""
        shape = (rows, *self.shape)
        return dropout_mask(key, self.site, self.layer, shape, self.rate, self.part)

    def signature(self, *axes: None) -> tf.TensorSpec:
        """Return shape and type."""
        return tf.TensorSpec((*axes, None, *self.shape), tf.bool)

    def of(self, part: int) -> Mask:
        """Return the mask of the update's `part`-th pass."""
        return replace(self, part=part)


@dataclass(frozen=True)
class Seed:
    """The state `(seed, counter)` of a native network's `index`-th `keras.random.SeedGenerator`."""

    site: Role
    index: int
    part: int = 0

    def array(self, key: StepKey, rows: int) -> NDArray[np.int64]:  # noqa: ARG002 - see Draw.
        """Return the generator's state at the start of the update."""
        seed = framework_seed(key, self.site, self.part)
        return np.array([seed, self.index * CALLS], np.int64)

    def signature(self, *axes: None) -> tf.TensorSpec:
        """Return shape and type."""
        return tf.TensorSpec((*axes, 2), tf.int64)

    def of(self, part: int) -> Seed:
        """Return the state for the update's `part`-th pass."""
        return replace(self, part=part)


Inner: TypeAlias = tuple[Tensor, ...]
"""The random inputs of one pass through a network."""


class Draws(NamedTuple):
    """The random inputs of both networks in one or many updates; arrays, tensors or signatures.

    Attributes
    ----------
    generator, discriminator
        In the adversarial pass.
    penalties
        Of the discriminator in the pass of each penalty.
    """

    generator: Inner
    discriminator: Inner
    penalties: tuple[Inner, ...]


@dataclass(frozen=True)
class Drawer:
    """Draws the random inputs of one kind of update.

    Attributes
    ----------
    generator, discriminator
        The random inputs of a pass of each network.
    joined
        Whether the discriminator's pass has real images beside the generated ones.
    penalties
        Number of passes of penalties.
    """

    generator: tuple[Draw, ...]
    discriminator: tuple[Draw, ...]
    joined: bool
    penalties: int = 0

    def draws(self, key: StepKey, batch: int) -> Draws:
        """Draw for one update on a batch of `batch` images."""
        return self._each(lambda draw, rows: draw.array(key, rows), batch)

    def stacked(self, keys: Sequence[Sequence[StepKey]], batch: int) -> Draws:
        """Draw for many updates: an axis for `keys`, one for those within each, then as `draws`."""
        return self._each(lambda draw, rows: _stacked(draw, keys, rows), batch)

    def signature(self, *axes: None) -> Draws:
        """Return the shapes and dtypes of `draws`, with additional leading axes."""
        return self._each(lambda draw, _: draw.signature(*axes), 0)

    def _each(self, made: Callable[[Draw, int], Any], batch: int) -> Draws:
        judged = 2 * batch if self.joined else batch
        return Draws(
            tuple(made(draw, batch) for draw in self.generator),
            tuple(made(draw, judged) for draw in self.discriminator),
            tuple(
                tuple(made(draw.of(number + 1), batch) for draw in self.discriminator)
                for number in range(self.penalties)
            ),
        )


def _stacked(draw: Draw, keys: Sequence[Sequence[StepKey]], rows: int) -> NDArray[Any]:
    arrays = np.stack([draw.array(key, rows) for row in keys for key in row])
    return arrays.reshape(len(keys), len(keys[0]), *arrays.shape[1:])
