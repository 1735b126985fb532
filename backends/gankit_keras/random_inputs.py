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

MAX_SEED_CALLS = 2**16
"""The most calls of a network's seed generator in one pass; Keras's counter has 31 bits."""


class RandomInput(Protocol):
    """One random input of a network's forward pass."""

    def array(self, key: StepKey, rows: int) -> NDArray[Any]:
        """Return it for the update at `key`, for a batch of `rows`."""
        ...

    def signature(self, *axes: None) -> tf.TensorSpec:
        """Return its shape and dtype, with additional leading axes."""
        ...

    def in_pass(self, part: int) -> RandomInput:
        """Return the same input of the update's `part`-th pass."""
        ...


@dataclass(frozen=True)
class DropoutMask:
    """The mask of a spec's dropout layer, bool `(rows, *shape)`."""

    role: Role
    layer: int
    shape: Shape
    rate: float
    part: int = 0

    def array(self, key: StepKey, rows: int) -> NDArray[np.bool_]:
        """Draw the mask of one update."""
        shape = (rows, *self.shape)
        return dropout_mask(key, self.role, self.layer, shape, self.rate, self.part)

    def signature(self, *axes: None) -> tf.TensorSpec:
        """Return shape and dtype."""
        return tf.TensorSpec((*axes, None, *self.shape), tf.bool)

    def in_pass(self, part: int) -> DropoutMask:
        """Return the mask of the update's `part`-th pass."""
        return replace(self, part=part)


@dataclass(frozen=True)
class SeedState:
    """The state `(seed, counter)` of a native network's `index`-th `keras.random.SeedGenerator`."""

    role: Role
    index: int
    part: int = 0

    def array(self, key: StepKey, rows: int) -> NDArray[np.int64]:  # noqa: ARG002 - see RandomInput.
        """Return the generator's state at the start of the update."""
        seed = framework_seed(key, self.role, self.part)
        return np.array([seed, self.index * MAX_SEED_CALLS], np.int64)

    def signature(self, *axes: None) -> tf.TensorSpec:
        """Return shape and dtype."""
        return tf.TensorSpec((*axes, 2), tf.int64)

    def in_pass(self, part: int) -> SeedState:
        """Return the state for the update's `part`-th pass."""
        return replace(self, part=part)


PassInputs: TypeAlias = tuple[Tensor, ...]
"""The random inputs of one pass through a network."""


class RandomInputs(NamedTuple):
    """The random inputs of both networks in one or many updates; arrays, tensors or signatures.

    Attributes
    ----------
    generator, discriminator
        In the adversarial pass.
    penalties
        Of the discriminator, in the pass of each penalty.
    """

    generator: PassInputs
    discriminator: PassInputs
    penalties: tuple[PassInputs, ...]


@dataclass(frozen=True)
class RandomInputSampler:
    """Draws the random inputs of one kind of update.

    Attributes
    ----------
    generator, discriminator
        The random inputs of a pass through each network.
    joined
        Whether the discriminator's batch contains real images beside the generated ones.
    penalties
        Number of passes of penalties.
    """

    generator: tuple[RandomInput, ...]
    discriminator: tuple[RandomInput, ...]
    joined: bool
    penalties: int = 0

    def sample(self, key: StepKey, batch: int) -> RandomInputs:
        """Draw for one update on a batch of `batch` images."""
        return self._map(lambda one, rows: one.array(key, rows), batch)

    def sample_many(self, keys: Sequence[Sequence[StepKey]], batch: int) -> RandomInputs:
        """Draw for many updates: as `sample`, with two leading axes, those of `keys`."""
        return self._map(lambda one, rows: _stack(one, keys, rows), batch)

    def signature(self, *axes: None) -> RandomInputs:
        """Return the shapes and dtypes of `sample`, with additional leading axes."""
        return self._map(lambda one, _: one.signature(*axes), 0)

    def _map(self, function: Callable[[RandomInput, int], Any], batch: int) -> RandomInputs:
        rows = 2 * batch if self.joined else batch
        return RandomInputs(
            tuple(function(one, batch) for one in self.generator),
            tuple(function(one, rows) for one in self.discriminator),
            tuple(
                tuple(function(one.in_pass(number + 1), batch) for one in self.discriminator)
                for number in range(self.penalties)
            ),
        )


def _stack(one: RandomInput, keys: Sequence[Sequence[StepKey]], rows: int) -> NDArray[Any]:
    arrays = np.stack([one.array(key, rows) for row in keys for key in row])
    return arrays.reshape(len(keys), len(keys[0]), *arrays.shape[1:])
