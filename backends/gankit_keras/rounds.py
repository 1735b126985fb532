"""Many rounds in one compiled call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from gankit_keras.draws import Draws
from gankit_keras.framework import Tensor, tf
from gankit_keras.inputs import Inputs

Step: TypeAlias = Callable[[Inputs], Tensor]
Body: TypeAlias = Callable[[Tensor, tf.TensorArray], tf.TensorArray]


class Rounds(NamedTuple):
    """K rounds of S steps each, the generator's last, as tensors or their signatures.

    Attributes
    ----------
    index
        `(K, S, B)` int64, which images each step sees.
    noise
        `(K, S, B, latent)`.
    numbers
        The core's draws, `(K, S, B, ...)` by name.
    rates
        `(K, S)` float64 by name.
    critic, last
        What the networks draw in the discriminator's steps, `(K, S - 1, ...)`, and in the
        generator's, `(K, 1, ...)`.
    """

    index: Tensor
    noise: Tensor
    numbers: Mapping[str, Tensor]
    rates: Mapping[str, Tensor]
    critic: Draws
    last: Draws


class Data(NamedTuple):
    """Where rounds look up what they see, as tensors or their signatures.

    Attributes
    ----------
    real
        `(N, height, width, channels)`, all images; or those of the rounds, looked up already,
        `(K, S, B, height, width, channels)`. Uint8 or scaled.
    labels
        `(N,)` int64; no rows where the problem asks for none.
    """

    real: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Runner:
    """The steps, round after round.

    Attributes
    ----------
    discriminator_step, generator_step
        As compiled.
    both_steps
        The last two of a round, where they see the same generated images; else None.
    pixels
        `(256,)`, the value of each grey level of uint8 images.
    paired
        Whether the generator's step looks at real images.
    labelled
        Whether steps look at labels.
    """

    discriminator_step: Step
    generator_step: Step
    both_steps: Callable[[Inputs, Inputs], tuple[Tensor, Tensor]] | None
    pixels: Tensor
    paired: bool
    labelled: bool

    def run(self, data: Data, rounds: Rounds) -> Tensor:
        """Run rounds; return each step's loss, `(K, S)`."""
        count, size = tf.shape(rounds.index)[0], tf.shape(rounds.index)[1]
        alone = size - 2 if self.both_steps else size - 1

        def one_round(r: Tensor, losses: tf.TensorArray) -> tf.TensorArray:
            def one_step(s: Tensor, losses: tf.TensorArray) -> tf.TensorArray:
                loss = self.discriminator_step(self._critic_inputs(data, rounds, r, s))
                return losses.write(r * size + s, loss)

            losses = _loop(alone, one_step, losses)
            last = self._last_inputs(data, rounds, r)
            if self.both_steps:
                first = self._critic_inputs(data, rounds, r, alone)
                loss, made = self.both_steps(first, last)
                losses = losses.write(r * size + alone, loss)
            else:
                made = self.generator_step(last)
            return losses.write(r * size + size - 1, made)

        losses = tf.TensorArray(self.pixels.dtype, count * size, element_shape=())
        return tf.reshape(_loop(count, one_round, losses).stack(), (count, size))

    def _critic_inputs(self, data: Data, rounds: Rounds, r: Tensor, s: Tensor) -> Inputs:
        """Return the inputs of discriminator step `s` of round `r`."""
        return self._inputs(data, rounds, r, s, _at(rounds.critic, r, s), real=True)

    def _last_inputs(self, data: Data, rounds: Rounds, r: Tensor) -> Inputs:
        """Return the inputs of the generator's step of round `r`."""
        draws, s = _at(rounds.last, r, 0), tf.shape(rounds.index)[1] - 1
        return self._inputs(data, rounds, r, s, draws, real=self.paired)

    def _inputs(
        self, data: Data, rounds: Rounds, r: Tensor, s: Tensor, draws: Draws, real: bool
    ) -> Inputs:
        numbers = {name: number[r, s] for name, number in rounds.numbers.items()}
        flip = numbers.pop("flip", None)
        index = rounds.index[r, s]
        none = tf.zeros((0, *data.real.shape[-3:]), self.pixels.dtype)
        return Inputs(
            real=self._real(data.real, index, flip, r, s) if real else none,
            noise=rounds.noise[r, s],
            labels=tf.gather(data.labels, index) if self.labelled else data.labels,
            numbers=numbers,
            rates={name: rate[r, s] for name, rate in rounds.rates.items()},
            draws=draws,
        )

    def _real(self, real: Tensor, index: Tensor, flip: Tensor, r: Tensor, s: Tensor) -> Tensor:
        """Return the real images of one step, scaled."""
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
