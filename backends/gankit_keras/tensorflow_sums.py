"""Sums over the processes that train together, of TensorFlow's tensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from gankit.contract import World
from gankit.functional import ONE_PROCESS, Sums, Tensors
from gankit_keras.framework import Tensor, tf
from gankit_keras.tensorflow_processes import Cluster

Derivative: TypeAlias = Callable[[Tensor], Tensor]


def sums_of(world: World) -> Sums:
    """Return the sums of a world, which was joined by TensorFlow if it has several processes."""
    if world.size == 1:
        return ONE_PROCESS
    cluster: Cluster = world.total.__self__  # type: ignore[attr-defined]
    return TensorFlowSums(world, cluster.all_reduce)


@dataclass(frozen=True)
class TensorFlowSums:
    """The sums of several processes; see `gankit.functional.Sums`.

    Attributes
    ----------
    world
        The processes.
    reduce
        Returns the sum of a tensor over all processes.
    """

    world: World
    reduce: Callable[[Tensor], Tensor]

    def total(self, x: Tensor, /) -> Tensor:
        """Return the sum over the processes of `x`; its derivative is the sum of gradients."""

        def forward(x: Tensor) -> tuple[Tensor, Derivative]:
            return self.reduce(x), self.total

        return tf.custom_gradient(forward)(x)

    def whole(self, batch: int | Tensor, /, *rows: Tensor) -> tuple[Tensor, ...]:
        """Return the rows of all processes, for each of `rows`, by one sum."""
        own = self.world.share(batch)

        def forward(rows: Tensor) -> tuple[Tensor, Derivative]:
            others = [(0, 0)] * (rows.shape.rank - 2)
            among_zeros = tf.pad(rows, [(0, 0), (own.start, batch - own.stop), *others])
            return self.reduce(among_zeros), lambda gradient: gradient[:, own]

        return tuple(tf.unstack(tf.custom_gradient(forward)(tf.stack(rows))))

    def summed(self, gradients: Tensors, /) -> Tensors:
        """Return the sums of gradients, by one sum of all their numbers."""
        flat = self.reduce(tf.concat([tf.reshape(g, (-1,)) for g in gradients.values()], 0))
        parts = tf.split(flat, [g.shape.num_elements() for g in gradients.values()])
        return {
            name: tf.reshape(part, gradient.shape)
            for (name, gradient), part in zip(gradients.items(), parts, strict=True)
        }
