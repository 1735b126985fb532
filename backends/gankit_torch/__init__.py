"""The PyTorch backend."""

from __future__ import annotations

from collections.abc import Iterable

from gankit import hookimpl
from gankit.backend import Backend, Problem, Trainer


def build(problem: Problem) -> Trainer:
    """Return a trainer for `problem`; imports torch."""
    from gankit_torch.trainer import TorchTrainer

    return TorchTrainer(problem)


@hookimpl
def gankit_backends() -> Iterable[Backend]:
    """Offer the backend `torch`."""
    yield Backend(
        name="torch",
        requires=("torch",),
        build=build,
        capabilities=frozenset({"float32", "float64", "native", "average", "exact-blocks"}),
        remedy="pip install 'gankit[torch]'",
    )
