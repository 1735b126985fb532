"""Blocks as tensors: many rounds' numbers stacked, for one compiled call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gankit.backend import Block
from gankit.randomness import Key
from gankit_keras.draws import Draws, StepDraws
from gankit_keras.game import Game

DRAW_BYTES = 32 * 2**20


class Rounds(NamedTuple):
    """K rounds: C = n_critic discriminator steps each, and the generator's.

    `index` is `(K, C + 1, B)`, `noise` `(K, C + 1, B, latent)`, rates `(K, C + 1)`; the draws of
    the discriminator's steps are `(K, C, ...)`, those of the generator's step `(K, ...)`.
    """

    index: Any
    noise: Any
    rates: Mapping[str, Any]
    critic: StepDraws
    last: StepDraws


def step_draws(game: Game, key: Key, batch: int, *, critic: bool) -> StepDraws:
    """Draw what one step takes, before the pass over a batch that is joined with another."""
    rows = 2 * batch if critic or game.paired else batch
    return StepDraws(game.generator.draw(key, batch), game.discriminator.draw(key, rows))


def chunks(game: Game, block: Block, names: Sequence[str]) -> Iterator[Rounds]:
    """Yield the block in pieces whose draws take at most 32 MiB."""
    draws = [_round_draws(game, block, 0)] if len(block) else []
    size = sum(array.nbytes for critic, last in draws for array in _leaves([*critic, last]))
    most = max(1, DRAW_BYTES // max(1, size))
    for start in range(0, len(block), most):
        yield _rounds(game, block, names, range(start, min(start + most, len(block))))


def _rounds(game: Game, block: Block, names: Sequence[str], rows: range) -> Rounds:
    drawn = [_round_draws(game, block, r) for r in rows]
    span = slice(rows.start, rows.stop)
    return Rounds(
        index=block.index[span],
        noise=block.noise[span],
        rates={name: block.rates[name][span] for name in names},
        critic=_stack([_stack(critic) for critic, _ in drawn]),
        last=_stack([last for _, last in drawn]),
    )


def _round_draws(game: Game, block: Block, row: int) -> tuple[list[StepDraws], StepDraws]:
    *critic, last = block.keys(row)
    batch = block.index.shape[2]
    steps = [step_draws(game, key, batch, critic=True) for key in critic]
    return steps, step_draws(game, last, batch, critic=False)


def _stack(steps: Sequence[StepDraws]) -> StepDraws:
    generator, discriminator = zip(*steps, strict=True)
    return StepDraws(_stack_each(generator), _stack_each(discriminator))


def _stack_each(passes: Sequence[Draws]) -> tuple[NDArray[Any], ...]:
    return tuple(np.stack(arrays) for arrays in zip(*passes, strict=True))


def _leaves(steps: Sequence[StepDraws]) -> list[NDArray[Any]]:
    return [array for step in steps for draws in step for array in draws]
