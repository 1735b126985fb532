"""A command in one of several processes that train together: who prints, and what is refused."""

from __future__ import annotations

import os

from gankit._utils.start_variables import CLUSTER, SIZE, Started, started
from gankit.errors import ConfigError, ExitCode

COMMAND = "train"
"""The command that runs in several processes."""
OWN_FAULTS = {ExitCode.UNEXPECTED, ExitCode.STORAGE, ExitCode.PEER}
"""Exit codes of errors that one process may have alone; the others follow from what all share."""


def this_process() -> Started:
    """Return how this process was started; alone if the variables are invalid."""
    try:
        return started()
    except ConfigError:
        return Started()


def prints() -> bool:
    """Return whether this process prints: the chief, or a process that runs alone."""
    return this_process().rank == 0


def check_command(name: str) -> None:
    """Raise ConfigError if a command runs in several processes that runs in one."""
    this = started()
    if this.together and name != COMMAND:
        variable = SIZE if os.environ.get(SIZE) else CLUSTER
        raise ConfigError(
            f"{variable}: got {this.size}, but only `gankit {COMMAND}` runs in several processes; "
            f"unset it to run `gankit {name}`"
        )


def attributed(message: str, code: int, *, own: bool = False) -> str | None:
    """Return an error message with the name of the process, or None if another prints it.

    An error that all processes have is printed once on each machine. `own` is whether this process
    may have it alone, whatever its code says.
    """
    this = this_process()
    if not this.together:
        return message
    if own or code in OWN_FAULTS:
        return f"{this.name}: {message}"
    return message if this.local_rank == 0 else None
