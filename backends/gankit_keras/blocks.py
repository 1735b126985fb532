"""Many steps in one compiled call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from gankit.contract import World
from gankit.functional import Inputs
from gankit_keras.framework import Tensor, tf

Update: TypeAlias = Callable[[Inputs], Tensor]
RandomInputs: TypeAlias = Mapping[str, Tensor]
"""The random inputs inside the networks, by name."""
Body: TypeAlias = Callable[[Tensor, tf.TensorArray], tf.TensorArray]


class BlockTensors(NamedTuple):
    """K steps of S updates each, the generator's last, as tensors or their signatures.

    Attributes
    ----------
    index
        `(K, S, B)` int64, indices of each update's images.
    noise
        `(K, S, B, latent)`.
    random
        The core's random inputs, `(K, S, B, ...)` by name; of several processes, own rows.
    scalars
        `(K, S)` float64 by name.
    discriminator_random, generator_random
        The random inputs inside the networks, in the discriminator's updates, `(K, S - 1, ...)`,
        and in the generator's, `(K, 1, ...)`.
    source_index
        `(K, S, B)` int64, indices of each update's sources; an empty tuple without any.
    """

    index: Tensor
    noise: Tensor
    random: Mapping[str, Tensor]
    scalars: Mapping[str, Tensor]
    discriminator_random: RandomInputs
    generator_random: RandomInputs
    source_index: Tensor | tuple[()] = ()


class DataTensors(NamedTuple):
    """The data set of a block, as tensors or their signatures.

    Attributes
    ----------
    real
        All images, `(N, height, width, channels)`; or only those of the block's updates,
        `(K, S, B, height, width, channels)`, of several processes own rows. Uint8 or scaled.
    labels
        `(N,)` int64; no rows if the problem does not use them.
    source
        Sources, like `real`; an empty tuple without any.
    """

    real: Tensor
    labels: Tensor
    source: Tensor | tuple[()] = ()


@dataclass(frozen=True)
class BlockRunner:
    """Runs the updates of a block, step after step.

    Attributes
    ----------
    update_discriminator, update_generator
        Compiled.
    update_both
        The last two updates of a step, if they share the generated images; else None.
    pixels
        `(256,)`, the value of each grey level of uint8 images.
    uses_real
        Whether the generator's update uses real images.
    paired
        Whether sources are mirrored as their images are.
    labelled
        Whether updates use labels.
    width
        The most numbers that an update returns: its loss, and what follows.
    world
        The processes: real images and random inputs are those of this one's rows.
    """

    update_discriminator: Update
    update_generator: Update
    update_both: Callable[[Inputs, Inputs], tuple[Tensor, Tensor]] | None
    pixels: Tensor
    uses_real: bool
    paired: bool
    labelled: bool
    width: int
    world: World

    def run(self, data: DataTensors, block: BlockTensors) -> Tensor:
        """Run the block's steps; return what each update returns.

        `(K, S, width)`: the loss, what follows, and zeros.
        """
        count, size = tf.shape(block.index)[0], tf.shape(block.index)[1]
        # The number of updates that are run one by one before the step's last call.
        single = size - 2 if self.update_both else size - 1

        def one_step(r: Tensor, losses: tf.TensorArray) -> tf.TensorArray:
            def one_update(s: Tensor, losses: tf.TensorArray) -> tf.TensorArray:
                loss = self.update_discriminator(self._discriminator_batch(data, block, r, s))
                return losses.write(r * size + s, self._row(loss))

            losses = _loop(single, one_update, losses)
            last = self._generator_batch(data, block, r)
            if self.update_both:
                first = self._discriminator_batch(data, block, r, single)
                discriminator_loss, generator_loss = self.update_both(first, last)
                losses = losses.write(r * size + single, self._row(discriminator_loss))
            else:
                generator_loss = self.update_generator(last)
            return losses.write(r * size + size - 1, self._row(generator_loss))

        losses = tf.TensorArray(self.pixels.dtype, count * size, element_shape=(self.width,))
        return tf.reshape(_loop(count, one_step, losses).stack(), (count, size, self.width))

    def _row(self, losses: Tensor) -> Tensor:
        """Return what an update returned, with zeros after it."""
        row = tf.reshape(losses, (-1,))
        return tf.pad(row, [[0, self.width - tf.shape(row)[0]]])

    def _discriminator_batch(
        self, data: DataTensors, block: BlockTensors, r: Tensor, s: Tensor
    ) -> Inputs:
        """Return the batch of discriminator update `s` of step `r`."""
        network_random = _at(block.discriminator_random, r, s)
        return self._batch(data, block, r, s, network_random, real=True)

    def _generator_batch(self, data: DataTensors, block: BlockTensors, r: Tensor) -> Inputs:
        """Return the batch of the generator's update of step `r`."""
        network_random, s = _at(block.generator_random, r, 0), tf.shape(block.index)[1] - 1
        return self._batch(data, block, r, s, network_random, real=self.uses_real)

    def _batch(
        self,
        data: DataTensors,
        block: BlockTensors,
        r: Tensor,
        s: Tensor,
        network_random: RandomInputs,
        real: bool,
    ) -> Inputs:
        random = {name: tensor[r, s] for name, tensor in block.random.items()}
        flip = random.pop("flip", None)
        index = block.index[r, s]
        no_images = tf.zeros((0, *data.real.shape[-3:]), self.pixels.dtype)
        return Inputs(
            real=self._real(data.real, self._own(index), flip, r, s) if real else no_images,
            noise=block.noise[r, s],
            labels=tf.gather(data.labels, index) if self.labelled else data.labels,
            random=random,
            scalars={name: scalar[r, s] for name, scalar in block.scalars.items()},
            masks=network_random,
            followers={},
            source=self._source(data, block, flip, r, s),
        )

    def _own(self, index: Tensor) -> Tensor:
        """Return this process's rows of a batch's indices."""
        return index if self.world.size == 1 else index[self.world.share(tf.shape(index)[0])]

    def _source(
        self, data: DataTensors, block: BlockTensors, flip: Tensor, r: Tensor, s: Tensor
    ) -> Tensor | tuple[()]:
        """Return the sources of one update, scaled, and mirrored as their images if paired."""
        if isinstance(data.source, tuple) or isinstance(block.source_index, tuple):
            return ()
        own = self._own(block.source_index[r, s])
        return self._real(data.source, own, flip if self.paired else None, r, s)

    def _real(self, real: Tensor, index: Tensor, flip: Tensor, r: Tensor, s: Tensor) -> Tensor:
        """Return the real images of one update, scaled."""
        images = tf.gather(real, index) if real.shape.rank == 4 else real[r, s]
        if images.dtype == tf.uint8:
            images = tf.gather(self.pixels, tf.cast(images, tf.int32))
        return images if flip is None else tf.where(flip, tf.reverse(images, [2]), images)


def _loop(count: Tensor, body: Body, losses: tf.TensorArray) -> tf.TensorArray:
    """Call `body` with 0, 1, ..., count - 1."""
    _, losses = tf.while_loop(
        lambda i, _: i < count,
        lambda i, losses: (i + 1, body(i, losses)),
        (0, losses),
        parallel_iterations=1,
    )
    return losses


def _at(random: RandomInputs, r: Tensor, s: Tensor) -> RandomInputs:
    one: RandomInputs = tf.nest.map_structure(lambda tensor: tensor[r, s], random)
    return one
