"""Many rounds in one compiled call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from gankit_keras.draws import Draws
from gankit_keras.framework import Tensor, tf
from gankit_keras.steps import Inputs, Steps

Body: TypeAlias = Callable[[Tensor, tf.TensorArray], tf.TensorArray]


class Rounds(NamedTuple):
    """K rounds of S steps each, the generator's last, as tensors or their signatures.

    Attributes
    ----------
    index
        `(K, S, B)` int64, which images each step sees.
    noise
        `(K, S, B, latent)`.
    rates
        `(K, S)` float64 by name.
    critic, last
        What the networks draw in the discriminator's steps, `(K, S - 1, ...)`, and in the
        generator's, `(K, 1, ...)`.
    """

    index: Tensor
    noise: Tensor
    rates: Mapping[str, Tensor]
    critic: Draws
    last: Draws


@dataclass(frozen=True)
class Runner:
    """The steps, round after round.

    Attributes
    ----------
    pixels
        `(256,)`, the value of each grey level of uint8 images.
    shared
        Whether a round's last two steps see the same generated images.
    """

    steps: Steps
    pixels: Tensor
    shared: bool

    def run(self, images: Tensor, rounds: Rounds) -> Tensor:
        """Run rounds on `(N, height, width, channels)` images; return each loss, `(K, S)`."""
        count, size = tf.shape(rounds.index)[0], tf.shape(rounds.index)[1]

        def one_round(r: Tensor, losses: tf.TensorArray) -> tf.TensorArray:
            def one_step(s: Tensor, losses: tf.TensorArray) -> tf.TensorArray:
                loss = self.steps.discriminator_step(self._critic_inputs(images, rounds, r, s))
                return losses.write(r * size + s, loss)

            losses = _loop(size - 2, one_step, losses)
            first = self._critic_inputs(images, rounds, r, size - 2)
            both = self.steps.both_steps(first, self._last_inputs(images, rounds, r), self.shared)
            losses = losses.write(r * size + size - 2, both[0])
            return losses.write(r * size + size - 1, both[1])

        losses = tf.TensorArray(self.pixels.dtype, count * size, element_shape=())
        return tf.reshape(_loop(count, one_round, losses).stack(), (count, size))

    def _critic_inputs(self, images: Tensor, rounds: Rounds, r: Tensor, s: Tensor) -> Inputs:
        """Return the inputs of discriminator step `s` of round `r`."""
        real = self._look_up(images, rounds.index[r, s])
        return _inputs(rounds, real, r, s, _at(rounds.critic, r, s))

    def _last_inputs(self, images: Tensor, rounds: Rounds, r: Tensor) -> Inputs:
        """Return the inputs of the generator's step of round `r`."""
        index = rounds.index[r, -1]
        real = self._look_up(images, index if self.steps.loss.paired else index[:0])
        return _inputs(rounds, real, r, -1, _at(rounds.last, r, 0))

    def _look_up(self, images: Tensor, index: Tensor) -> Tensor:
        found = tf.gather(images, index)
        if found.dtype == tf.uint8:
            return tf.gather(self.pixels, tf.cast(found, tf.int32))
        return found


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
    return Draws(*(tuple(draw[r, s] for draw in each) for each in draws))


def _inputs(rounds: Rounds, real: Tensor, r: Tensor, s: Tensor, draws: Draws) -> Inputs:
    rates = {name: rate[r, s] for name, rate in rounds.rates.items()}
    return Inputs(real, rounds.noise[r, s], rates, draws)
