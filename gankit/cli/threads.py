"""Set the number of threads of one operation.

Libraries use as many threads as the machine has processors. In a container with a smaller quota
those threads would wait for each other, so the quota is passed to the libraries. They read it
only while they are loaded.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

from gankit._utils.system import usable_cpus
from gankit._utils.thread_variables import LIBRARY_VARIABLES, THREADS
from gankit.cli.doctor.machine import cpu_quota
from gankit.errors import ConfigError

MOST_THREADS = 1024


def settle(environment: MutableMapping[str, str] = os.environ) -> None:
    """Set the variables of libraries that are not loaded yet: GANKIT_THREADS, or the quota.

    Variables that are set already are unchanged, unless `GANKIT_THREADS` is set. Raises
    ConfigError if that is not a number of threads.
    """
    given = environment.get(THREADS, "")
    if given:
        environment.update(dict.fromkeys(LIBRARY_VARIABLES, str(_count(given))))
    elif (allowed := _allowed()) is not None:
        for name in LIBRARY_VARIABLES:
            environment.setdefault(name, str(allowed))


def _count(given: str) -> int:
    if not (given.isascii() and given.isdigit() and 1 <= int(given) <= MOST_THREADS):
        raise ConfigError(
            f"{THREADS}: got {given!r}; expected a whole number, 1 to {MOST_THREADS:,}"
        )
    return int(given)


def _allowed() -> int | None:
    """Return the container's processor quota, or None if it is not below the usable processors."""
    quota, seen = cpu_quota(), usable_cpus()
    if quota is None or seen is None or quota >= seen:
        return None
    return max(1, int(quota))
