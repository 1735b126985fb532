"""Check that a configuration can be trained in several processes, before they are started."""

from __future__ import annotations

from gankit.config import TrainConfig
from gankit.contract import World
from gankit.launch.backends import choose_backend


def check_processes(config: TrainConfig, processes: int) -> None:
    """Raise the error that every process would raise.

    Raises
    ------
    Unsupported
        The backend trains in one process.
    ConfigError
        A batch has fewer images than there are processes.
    """
    choose_backend(config.backend).check_world(processes)
    World(0, processes).rows(config.batch)
