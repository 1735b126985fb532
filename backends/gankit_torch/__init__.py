"""The PyTorch backend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gankit import hookimpl
from gankit.contract import CAPABILITIES, Backend, Problem, Started, Trainer, World


def build(problem: Problem) -> Trainer:
    """Return a trainer for `problem`; imports torch."""
    from gankit_torch.trainer import TorchTrainer

    return TorchTrainer(problem)


def join(this: Started) -> World:
    """Meet the processes that this one was started together with; imports torch."""
    from gankit_torch import processes

    return processes.join(this)


def inspect() -> Mapping[str, str]:
    """Return torch's version, devices and settings on this machine; imports torch."""
    from gankit_torch.environment import environment

    return environment()


@hookimpl
def gankit_backends() -> Iterable[Backend]:
    """Return the backend `torch`."""
    from gankit_torch.export_formats import EXPORTS

    yield Backend(
        name="torch",
        requires=("torch",),
        build=build,
        capabilities=CAPABILITIES,
        remedy="pip install 'gankit[torch]'",
        api=1,
        inspect=inspect,
        exports=EXPORTS,
        join=join,
    )
