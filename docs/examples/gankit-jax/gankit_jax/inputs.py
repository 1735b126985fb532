"""What a step takes beside the state; what is random in it is drawn on the host, by the core."""

from collections import namedtuple

import jax
import numpy as np
from gankit.layers import Dropout, walk
from gankit.randomness import Site, dropout_mask

Step = namedtuple("Step", "real noise labels draws rates masks")
"""A batch, or many with axes in front; `masks` are dropout's: "discriminator/3", "penalty/0/3"."""


class Drawer:
    """Makes the steps of one problem."""

    def __init__(self, problem):
        self.paired, self.penalties = problem.loss.paired, len(problem.penalties)
        specs = (
            (problem.generator, (problem.latent,)),
            (problem.discriminator, problem.image_shape),
        )
        self.places = [
            [p for p in walk(*spec) if isinstance(p.layer, Dropout)] for spec in specs
        ]

    def step(self, batch, *, last):
        """Return a batch's step; the generator's is the `last`, and may see no real images."""
        real = batch.real if self.paired or not last else None
        masks = self._masks(batch.key, len(batch.noise), last)
        return Step(real, batch.noise, batch.labels, batch.draws, batch.rates, masks)

    def steps(self, block, start, stop):
        """Return the steps of a block's rounds from `start` to `stop`, that one excluded.

        The discriminator's are `(rounds, S - 1, ...)`, the generator's `(rounds, ...)`; their real
        images are indices.
        """
        batch, masks = block.index.shape[2], [[], []]
        for *critic, last in map(block.keys, range(start, stop)):
            masks[0].append(
                _stacked([self._masks(key, batch, last=False) for key in critic])
            )
            masks[1].append(self._masks(last, batch, last=True))
        whole = Step(block.index, block.noise, None, block.draws, block.rates, {})
        parts = (
            jax.tree.map(lambda a, s=s: a[start:stop, s], whole)
            for s in (slice(-1), -1)
        )
        return [
            p._replace(masks=_stacked(m)) for p, m in zip(parts, masks, strict=True)
        ]

    def _masks(self, key, batch, last):
        judged = batch if last and not self.paired else 2 * batch
        passes = [("generator", 0, batch, 0), ("discriminator", 1, judged, 0)]
        passes += [
            (f"penalty/{i}", 1, batch, i + 1)
            for i in range(0 if last else self.penalties)
        ]
        return {
            f"{name}/{p.name}": dropout_mask(
                key, Site(site), p.number, (rows, *p.shape), p.layer.rate, part
            )
            for name, site, rows, part in passes
            for p in self.places[site]
        }


def _stacked(trees):
    return jax.tree.map(lambda *leaves: np.stack(leaves), *trees)
