"""Random numbers inside networks as inputs, so that an update is a function of its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit.contract import Problem, World
from gankit.contract.dropout_masks import own_rows, pass_name
from gankit.contract.random_streams import StepKey, dropout_mask, framework_seed
from gankit.layers import Dropout, Shape, Shapes, Spec, walk
from gankit.terms import Side

Layout: TypeAlias = tuple[tuple[int | None, ...], np.dtype[Any]]
"""The shape of an array, None for a size that is open, and its dtype."""
MAX_SEED_CALLS = 2**16
"""The most calls of a network's seed generator in one pass; Keras's counter has 31 bits."""


class RandomInput(Protocol):
    """One random input of a network's forward pass."""

    def array(self, key: StepKey, rows: int, own: Sequence[slice] | None) -> NDArray[Any]:
        """Return it for the update at `key`, for a batch of `rows`: only its `own`, or all."""
        ...

    def layout(self) -> Layout:
        """Return its shape, None for rows, and its dtype."""
        ...

    def in_pass(self, part: int) -> RandomInput:
        """Return the same input of the update's `part`-th pass."""
        ...


@dataclass(frozen=True)
class DropoutMask:
    """The mask of a spec's dropout layer, bool `(rows, *shape)`."""

    role: int
    layer: int
    shape: Shape
    rate: float
    part: int = 0

    def array(
        self, key: StepKey, rows: int, own: Sequence[slice] | None = None
    ) -> NDArray[np.bool_]:
        """Draw the mask of one update."""
        shape = (rows, *self.shape)
        return dropout_mask(key, self.role, self.layer, shape, self.rate, self.part, own)

    def layout(self) -> Layout:
        """Return shape and dtype."""
        return (None, *self.shape), np.dtype(bool)

    def in_pass(self, part: int) -> DropoutMask:
        """Return the mask of the update's `part`-th pass."""
        return replace(self, part=part)


@dataclass(frozen=True)
class SeedState:
    """The state `(seed, counter)` of a native network's `index`-th `keras.random.SeedGenerator`."""

    role: int
    index: int
    part: int = 0

    def array(
        self,
        key: StepKey,
        rows: int,  # noqa: ARG002 - see RandomInput.
        own: Sequence[slice] | None = None,  # noqa: ARG002
    ) -> NDArray[np.int64]:
        """Return the generator's state at the start of the update."""
        seed = framework_seed(key, self.role, self.part)
        return np.array([seed, self.index * MAX_SEED_CALLS], np.int64)

    def layout(self) -> Layout:
        """Return shape and dtype."""
        return (2,), np.dtype(np.int64)

    def in_pass(self, part: int) -> SeedState:
        """Return the state for the update's `part`-th pass."""
        return replace(self, part=part)


@dataclass(frozen=True)
class RandomInputSampler:
    """Draws the random inputs inside the networks for one kind of update, by pass and name.

    The names begin as `gankit.contract.dropout_masks.pass_name` says, with "generator" or
    "penalty/0" for example, and continue with those of `Network.random`.

    Attributes
    ----------
    inputs
        Each random input, with the number of halves in the batch of its pass.
    world
        The processes; only the rows of this one are drawn.
    """

    inputs: dict[str, tuple[RandomInput, int]]
    world: World = World()  # noqa: RUF009 - frozen.

    def sample(self, key: StepKey, batch: int) -> dict[str, NDArray[Any]]:
        """Draw for one update on a batch of `batch` images."""
        return {
            name: one.array(key, halves * batch, own_rows(self.world, batch, halves))
            for name, (one, halves) in self.inputs.items()
        }

    def sample_many(self, keys: Sequence[Sequence[StepKey]], batch: int) -> dict[str, NDArray[Any]]:
        """Draw for many updates: as `sample`, with two leading axes, those of `keys`."""
        return {
            name: _stack(one, keys, halves * batch, own_rows(self.world, batch, halves))
            for name, (one, halves) in self.inputs.items()
        }

    def layout(self) -> dict[str, Layout]:
        """Return the shapes and dtypes of `sample`."""
        return {name: one.layout() for name, (one, _) in self.inputs.items()}


def sampler(
    problem: Problem, networks: Mapping[str, Mapping[str, RandomInput]], side: Side
) -> RandomInputSampler:
    """Return the sampler of an update.

    Parameters
    ----------
    problem
        The problem.
    networks
        The random inputs of a pass through each network, by its name.
    side
        The side that is updated.
    """
    inputs: dict[str, tuple[RandomInput, int]] = {}
    for network, number, halves in problem.values.forward_passes(side):
        first = pass_name(network, number)
        for name, one in networks[network].items():
            inputs[f"{first}/{name}"] = (one.in_pass(number) if number else one, halves)
    return RandomInputSampler(inputs, problem.world)


def spec_masks(spec: Spec, role: int, inputs: Shapes) -> dict[str, RandomInput]:
    """Return a mask for each dropout layer of a spec, by the layer's name.

    Parameters
    ----------
    spec
        The layers.
    role
        The number of their network, as `Problem.roles` has it.
    inputs
        Shape of its input without the batch, or those of each input.
    """
    return {
        place.name: DropoutMask(role, place.number, place.shape, place.layer.rate)
        for place in walk(spec, inputs)
        if isinstance(place.layer, Dropout)
    }


def _stack(
    one: RandomInput,
    keys: Sequence[Sequence[StepKey]],
    rows: int,
    own: Sequence[slice] | None,
) -> NDArray[Any]:
    arrays = np.stack([one.array(key, rows, own) for row in keys for key in row])
    return arrays.reshape(len(keys), len(keys[0]), *arrays.shape[1:])
