"""The PyTorch backend."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from gankit import hookimpl
from gankit.contract import CAPABILITIES, Backend, Problem, Started, Trainer, World
from gankit.errors import ConfigError

ADDRESS = "MASTER_ADDR"
"""The variable with the address of the first process."""


def build(problem: Problem) -> Trainer:
    """Return a trainer for `problem`; imports torch."""
    from gankit_torch.trainer import TorchTrainer

    return TorchTrainer(problem)


def join(this: Started) -> World:
    """Meet the processes that this one was started together with; imports torch."""
    if not os.environ.get(ADDRESS):  # As with `TF_CONFIG` alone.
        raise ConfigError(
            f"{ADDRESS}: got nothing in one of {this.size} processes; start them with torchrun"
        )
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
        distribution="gankit",
    )
