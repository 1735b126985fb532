"""The inputs that a problem's batches need beside images and noise.

Batches of `gankit.training.plan` contain all of them. A batch made by hand may lack one, which the
check reports before the update starts.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from gankit.contract import random_inputs, scalars
from gankit.contract.problem import Problem
from gankit.contract.protocols import Batch, Block
from gankit.contract.whole_groups import check_groups
from gankit.errors import ConfigError
from gankit.layers import Dropout, walk

MAKER = "gankit.training.plan(...).batches(...) makes complete batches"


class RequiredInputs:
    """The scalars, the random inputs and the key that every batch of a problem needs.

    Parameters
    ----------
    problem
        The problem. Its scalars are `gankit.contract.scalars.names(problem)`, its random inputs
        `gankit.contract.random_inputs.layout(problem)`. The key is needed if a network draws
        random numbers: native networks, and specs with dropout.
    """

    def __init__(self, problem: Problem) -> None:
        self._scalars = scalars.names(problem)
        self._random = tuple(random_inputs.layout(problem))
        self._keyed = _draws_random_numbers(problem)
        self._source = problem.source is not None
        self._problem = problem

    def check(self, batch: Batch | Block) -> None:
        """Raise ConfigError with every name that `batch` lacks, or for groups that it splits."""
        given = {*batch.random}
        if isinstance(batch, Batch):
            given.add("flip")  # A batch's images are mirrored already.
        lacks = [
            *_missing("scalars", self._scalars, batch.scalars),
            *_missing("random inputs", self._random, given),
        ]
        if isinstance(batch, Batch) and self._keyed and batch.key is None:
            lacks.append("a key, gankit.contract.random_streams.StepKey(seed, step, update)")
        given_source = batch.source if isinstance(batch, Batch) else batch.source_index
        if self._source and given_source is None:
            lacks.append("its sources")
        if lacks:
            kind = type(batch).__name__.lower()
            raise ConfigError(f"the {kind} lacks {' and '.join(lacks)}; {MAKER}")
        check_groups(self._problem, batch.noise.shape[-2])


def _missing(kind: str, wanted: Iterable[str], given: Container[str]) -> list[str]:
    """Return one phrase with every name of `wanted` that is not in `given`, or nothing."""
    names = [name for name in wanted if name not in given]
    return [f"{kind} {', '.join(names)}"] if names else []


def _draws_random_numbers(problem: Problem) -> bool:
    """Return whether a network of the problem draws random numbers."""
    networks = ((name, problem.spec_of(name)) for name in problem.roles)
    return any(
        not isinstance(network, tuple)
        or any(
            isinstance(place.layer, Dropout) for place in walk(network, problem.input_shapes(name))
        )
        for name, network in networks
    )
