"""The reference backend: every formula in NumPy, to read and to compare with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gankit import hookimpl
from gankit.contract import CAPABILITIES, Backend, Problem, Trainer


def build(problem: Problem) -> Trainer:
    """Return a trainer for `problem`."""
    from gankit_numpy.trainer import NumpyTrainer

    return NumpyTrainer(problem)


def inspect() -> Mapping[str, str]:
    """Return NumPy's version, libraries and threads on this machine."""
    from gankit_numpy.environment import environment

    return environment()


@hookimpl
def gankit_backends() -> Iterable[Backend]:
    """Return the backend `numpy`."""
    yield Backend(
        name="numpy",
        requires=(),
        build=build,
        capabilities=CAPABILITIES - {"native", "exact-blocks", "mixed", "distributed"},
        api=1,
        inspect=inspect,
    )
