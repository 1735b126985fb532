"""The variables that tell a process that it was started together with others.

`torchrun`, `gankit train --processes` and other launchers set them; a backend joins by them.
TensorFlow has one of its own, `TF_CONFIG`, with the address of each process.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gankit.errors import ConfigError

RANK, SIZE, LOCAL_RANK, LOCAL_SIZE = "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"
ADDRESS, PORT = "MASTER_ADDR", "MASTER_PORT"
HERE = "127.0.0.1"
CLUSTER = "TF_CONFIG"
"""TensorFlow's variable: the addresses of all processes, and which of them this is, as JSON."""
LAUNCHER = "GANKIT_LAUNCHER"
"""The number of the process that started this one by `gankit train --processes`."""
TORCHELASTIC = "TORCHELASTIC_"
"""How the variables begin that `torchrun` sets for its own use."""
TORCHRUN = f"{TORCHELASTIC}RUN_ID"
"""A variable that `torchrun` sets in the processes that it starts."""


_PARENT = os.getppid()


@dataclass(frozen=True)
class Started:
    """How this process was started: by default, alone.

    Attributes
    ----------
    rank, size
        Its number, and the number of processes of the run.
    local_rank, local_size
        The same among the processes on this machine.
    addresses
        The address of each process by rank, "host:port", if `TF_CONFIG` has them.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1
    addresses: tuple[str, ...] = ()

    @property
    def together(self) -> bool:
        """Whether it was started together with others."""
        return self.size > 1

    @property
    def name(self) -> str:
        """The name of the process in messages: "process 2 of 4"."""
        return name_of(self.rank, self.size)


def name_of(rank: int, size: int) -> str:
    """Return the name of a process in messages.

    >>> name_of(1, 4)
    'process 2 of 4'
    """
    return f"process {rank + 1} of {size}"


def on_this_machine(rank: int, size: int, port: int) -> dict[str, str]:
    """Return the variables of a process that is started with the others on this machine.

    `port` and the `size` ports after it are free.
    """
    return {
        RANK: str(rank),
        SIZE: str(size),
        LOCAL_RANK: str(rank),
        LOCAL_SIZE: str(size),
        ADDRESS: HERE,
        PORT: str(port),
    }


def has_launcher(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether `torchrun` or `gankit train --processes` started this process.

    They pass a signal on, and a second one ends the process. Others may signal all processes of a
    job, as systemd does; so a process with a launcher may get one signal twice.
    """
    return bool(environment.get(LAUNCHER) or environment.get(TORCHRUN))


def launcher_ended(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether the launcher that would stop this process has ended without doing so.

    Only `torchrun` and `gankit train --processes` are known; of others, the parent may end.
    """
    if given := environment.get(LAUNCHER):
        return str(os.getppid()) != given
    return bool(environment.get(TORCHRUN)) and os.getppid() != _PARENT


def started(environment: Mapping[str, str] = os.environ) -> Started:
    """Return how this process was started.

    Raises
    ------
    ConfigError
        A variable is missing, not a whole number, or out of range.
    """
    cluster = _cluster(environment)
    if not environment.get(SIZE):
        return cluster
    size = _count(environment, SIZE, 1)
    if size == 1:
        return Started()
    this = _by_variables(environment, size)
    if not cluster.together:
        return this
    if (cluster.rank, cluster.size) != (this.rank, size):
        raise ConfigError(
            f"{CLUSTER}: got {cluster.name}, but {RANK} and {SIZE} say {this.name}; unset one of "
            "the two"
        )
    return replace(this, addresses=cluster.addresses)


def _by_variables(environment: Mapping[str, str], size: int) -> Started:
    """Return how one of `size` processes was started, by all variables but `TF_CONFIG`."""
    for name in (RANK, ADDRESS, PORT):
        if not environment.get(name):
            raise ConfigError(
                f"{name}: got nothing, but {SIZE} is {size}; start the processes with torchrun "
                "or --processes"
            )
    rank = _count(environment, RANK, 0, size - 1)
    if not environment.get(LOCAL_RANK):  # Without it, each process has a machine of its own.
        return Started(rank, size)
    local_size = _count(environment, LOCAL_SIZE, 1) if environment.get(LOCAL_SIZE) else size
    return Started(rank, size, _count(environment, LOCAL_RANK, 0, local_size - 1), local_size)


def _cluster(environment: Mapping[str, str]) -> Started:
    """Return how this process was started by `TF_CONFIG`; alone without it.

    The chief, if there is one, has rank 0; then come the workers.
    """
    if not environment.get(CLUSTER):
        return Started()
    try:
        given = json.loads(environment[CLUSTER])
        jobs, task = dict(given.get("cluster", {})), given.get("task", {})
        addresses = [str(each) for job in ("chief", "worker") for each in jobs.get(job, [])]
        if len(addresses) <= 1:
            return Started()
        own = str(jobs[task["type"]][int(task["index"])])
        rank = addresses.index(own)
    except (ValueError, TypeError, LookupError, AttributeError):
        raise ConfigError(
            f"{CLUSTER}: got {environment[CLUSTER]!r}; expected JSON with the addresses of the "
            'workers and the "type" and "index" of this task'
        ) from None
    hosts = [address.rpartition(":")[0] for address in addresses]
    here = hosts[rank]
    return Started(
        rank, len(addresses), hosts[:rank].count(here), hosts.count(here), tuple(addresses)
    )


def _count(environment: Mapping[str, str], name: str, least: int, most: int = 2**31) -> int:
    """Return a variable as a whole number in a range."""
    given = environment[name]
    if not (given.isascii() and given.isdigit() and least <= int(given) <= most):
        raise ConfigError(f"{name}: got {given!r}; expected a whole number, {least} to {most:,}")
    return int(given)
