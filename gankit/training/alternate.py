"""The alternation of both updates: Goodfellow et al. 2014, Algorithm 1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from gankit.contract import Array, Batch, Trainer
from gankit.contract.loss_columns import of_steps, row


def alternate(trainer: Trainer, steps: Iterable[Sequence[Batch]]) -> Array:
    """Run the batches of `steps` with `trainer`; return their losses, `(K, C)`.

    Each step runs its discriminator updates, then its generator update.

    The columns are those of `problem.loss_columns`: the mean of the step's discriminator losses,
    the generator's, then the values of the terms.
    """
    made = []
    for *critic, last in steps:
        losses = [trainer.update_discriminator(batch) for batch in critic]
        made.append((losses, trainer.update_generator(last)))
    critics = np.array([[row(loss) for loss in losses] for losses, _ in made])
    return of_steps(critics, np.array([row(loss) for _, loss in made]))
