"""The alternation of both updates: Goodfellow et al. 2014, Algorithm 1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from gankit.contract import Array, Batch, Trainer


def alternate(trainer: Trainer, steps: Iterable[Sequence[Batch]]) -> Array:
    """Run the batches of `steps` with `trainer`; return `(K, 2)` losses.

    Each step runs its discriminator updates, then its generator update.

    The first column is the mean of the step's discriminator losses, the second the generator's.
    """
    losses = []
    for *critic, last in steps:
        discriminator = [trainer.update_discriminator(batch) for batch in critic]
        losses.append((discriminator, trainer.update_generator(last)))
    return np.array([(np.mean([float(loss) for loss in d]), float(g)) for d, g in losses])
