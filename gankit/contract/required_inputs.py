"""What the batches of a problem must have beside images and noise.

A batch that `gankit.training.plan` makes has all of it. One made by hand may lack a name, and then
a step would end in the middle with an error that tells nobody what to do.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from gankit.contract import random_inputs, scalars
from gankit.contract.problem import Problem
from gankit.contract.protocols import Batch, Block
from gankit.errors import ConfigError
from gankit.layers import Dropout, walk

MAKER = "gankit.training.plan(...).batches(...) makes batches with all that a problem needs"


class Needs:
    """The rates, the draws and the key that every batch of one problem must have.

    Parameters
    ----------
    problem
        What the batches are for. Its scalars are `gankit.contract.scalars.names(problem)`, its
        random inputs `gankit.contract.random_inputs.layout(problem)`. The key is needed if a
        network draws random numbers: native networks, and specs with dropout.
    """

    def __init__(self, problem: Problem) -> None:
        self._rates = scalars.names(problem)
        self._draws = tuple(random_inputs.layout(problem))
        self._keyed = _draws_inside(problem)

    def check(self, batch: Batch | Block) -> None:
        """Raise ConfigError with every name that `batch` lacks, and what makes it."""
        given = {*batch.random}
        if isinstance(batch, Batch):
            given.add("flip")  # A batch is mirrored already.
        lacks = [
            *_missing("rates", self._rates, batch.scalars),
            *_missing("draws", self._draws, given),
        ]
        if isinstance(batch, Batch) and self._keyed and batch.key is None:
            lacks.append("a key, gankit.contract.random_streams.Key(seed, step, step)")
        if lacks:
            kind = type(batch).__name__.lower()
            raise ConfigError(f"the {kind} lacks {' and '.join(lacks)}; {MAKER}")


def _missing(kind: str, wanted: Iterable[str], given: Container[str]) -> list[str]:
    """Return nothing, or one phrase with every name of `wanted` that is not in `given`."""
    names = [name for name in wanted if name not in given]
    return [f"{kind} {', '.join(names)}"] if names else []


def _draws_inside(problem: Problem) -> bool:
    """Tell whether a network of the problem draws random numbers by itself."""
    networks = (problem.generator, (problem.latent,)), (problem.discriminator, problem.image_shape)
    return any(
        not isinstance(network, tuple)
        or any(isinstance(place.layer, Dropout) for place in walk(network, shape))
        for network, shape in networks
    )
