"""Many steps in one compiled call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from gankit_keras.draws import Draws
from gankit_keras.framework import Tensor, tf
from gankit_keras.inputs import Inputs

Update: TypeAlias = Callable[[Inputs], Tensor]
Body: TypeAlias = Callable[[Tensor, tf.TensorArray], tf.TensorArray]


class Steps(NamedTuple):
    """K steps of S updates each, the generator's last, as tensors or their signatures.

    Attributes
    ----------
    index
        `(K, S, B)` int64, indices of each update's images.
    noise
        `(K, S, B, latent)`.
    numbers
        The core's random inputs, `(K, S, B, ...)` by name.
    scalars
        `(K, S)` float64 by name.
    critic, last
        Random inputs inside the networks in the discriminator's updates, `(K, S - 1, ...)`, and in
        the generator's, `(K, 1, ...)`.
    """

    index: Tensor
    noise: Tensor
    numbers: Mapping[str, Tensor]
    scalars: Mapping[str, Tensor]
    critic: Draws
    last: Draws


class Data(NamedTuple):
    """The data of steps, as tensors or their signatures.

    Attributes
    ----------
    real
        `(N, height, width, channels)`, all images; or those of the steps, gathered,
        `(K, S, B, height, width, channels)`. Uint8 or scaled.
    labels
        `(N,)` int64; no rows if the problem does not use them.
    """

    real: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Runner:
    """The updates, step after step.

    Attributes
    ----------
    update_discriminator, update_generator
        Compiled.
    update_both
        The last two updates of a step, if they share the generated images; else None.
    pixels
        `(256,)`, the value of each grey level of uint8 images.
    paired
        Whether the generator's update uses real images.
    labelled
        Whether updates use labels.
    """

    update_discriminator: Update
    update_generator: Update
    update_both: Callable[[Inputs, Inputs], tuple[Tensor, Tensor]] | None
    pixels: Tensor
    paired: bool
    labelled: bool

    def run(self, data: Data, steps: Steps) -> Tensor:
        """Run steps; return each update's loss, `(K, S)`."""
        count, size = tf.shape(steps.index)[0], tf.shape(steps.index)[1]
        alone = size - 2 if self.update_both else size - 1

        def one_step(r: Tensor, losses: tf.TensorArray) -> tf.TensorArray:
            def one_update(s: Tensor, losses: tf.TensorArray) -> tf.TensorArray:
                loss = self.update_discriminator(self._critic_inputs(data, steps, r, s))
                return losses.write(r * size + s, loss)

            losses = _loop(alone, one_update, losses)
            last = self._last_inputs(data, steps, r)
            if self.update_both:
                first = self._critic_inputs(data, steps, r, alone)
                loss, made = self.update_both(first, last)
                losses = losses.write(r * size + alone, loss)
            else:
                made = self.update_generator(last)
            return losses.write(r * size + size - 1, made)

        losses = tf.TensorArray(self.pixels.dtype, count * size, element_shape=())
        return tf.reshape(_loop(count, one_step, losses).stack(), (count, size))

    def _critic_inputs(self, data: Data, steps: Steps, r: Tensor, s: Tensor) -> Inputs:
        """Return the inputs of discriminator update `s` of step `r`."""
        return self._inputs(data, steps, r, s, _at(steps.critic, r, s), real=True)

    def _last_inputs(self, data: Data, steps: Steps, r: Tensor) -> Inputs:
        """Return the inputs of the generator's update of step `r`."""
        draws, s = _at(steps.last, r, 0), tf.shape(steps.index)[1] - 1
        return self._inputs(data, steps, r, s, draws, real=self.paired)

    def _inputs(
        self, data: Data, steps: Steps, r: Tensor, s: Tensor, draws: Draws, real: bool
    ) -> Inputs:
        numbers = {name: number[r, s] for name, number in steps.numbers.items()}
        flip = numbers.pop("flip", None)
        index = steps.index[r, s]
        none = tf.zeros((0, *data.real.shape[-3:]), self.pixels.dtype)
        return Inputs(
            real=self._real(data.real, index, flip, r, s) if real else none,
            noise=steps.noise[r, s],
            labels=tf.gather(data.labels, index) if self.labelled else data.labels,
            numbers=numbers,
            scalars={name: rate[r, s] for name, rate in steps.scalars.items()},
            random=draws,
        )

    def _real(self, real: Tensor, index: Tensor, flip: Tensor, r: Tensor, s: Tensor) -> Tensor:
        """Return the real images of one update, scaled."""
        found = tf.gather(real, index) if real.shape.rank == 4 else real[r, s]
        if found.dtype == tf.uint8:
            found = tf.gather(self.pixels, tf.cast(found, tf.int32))
        return found if flip is None else tf.where(flip, tf.reverse(found, [2]), found)


def _loop(count: Tensor, body: Body, losses: tf.TensorArray) -> tf.TensorArray:
    """Call `body` with 0, 1, ..., count - 1."""
    _, losses = tf.while_loop(
        lambda i, _: i < count,
        lambda i, losses: (i + 1, body(i, losses)),
        (0, losses),
        parallel_iterations=1,
    )
    return losses


def _at(draws: Draws, r: Tensor, s: Tensor) -> Draws:
    made: Draws = tf.nest.map_structure(lambda draw: draw[r, s], draws)
    return made
