"""The alternation of both updates: Goodfellow et al. 2014, Algorithm 1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from gankit.contract import Array, Batch, Trainer
from gankit.contract.loss_columns import Losses, of_steps, row
from gankit.errors import PluginError, shown


def alternate(trainer: Trainer, steps: Iterable[Sequence[Batch]]) -> Array:
    """Run the batches of `steps` with `trainer`; return their losses, `(K, C)`.

    Each step runs its discriminator updates, then its generator update.

    The columns are those of `problem.loss_columns`: the mean of the step's discriminator losses,
    the generator's, then the values of the terms.
    """
    made: list[tuple[list[Losses], Losses]] = []
    for *critic, last in steps:
        losses = [trainer.update_discriminator(batch) for batch in critic]
        made.append((losses, trainer.update_generator(last)))
    critics = np.array([[_row(trainer, loss) for loss in losses] for losses, _ in made])
    return of_steps(critics, np.array([_row(trainer, loss) for _, loss in made]))


def _row(trainer: Trainer, losses: Losses) -> NDArray[np.float64]:
    """Return what an update returned as numbers; PluginError if it is something else."""
    try:
        return row(losses)
    except (TypeError, ValueError) as error:
        raise PluginError(
            f"update of {shown(trainer)}: got {shown(losses)}; expected its loss, or its loss and "
            "the value of each of its terms"
        ) from error
