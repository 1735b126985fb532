"""How many threads one operation of a framework takes.

Libraries ask the machine for its processors. In a container that is allowed fewer, their threads
would wait for each other most of the time, so they are told what is allowed. They listen while
they are loaded, and never again.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

from gankit.cli.doctor.machine import cpu_quota, usable_cpus
from gankit.errors import ConfigError

ASKED = "GANKIT_THREADS"
TOLD = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS",
)  # fmt: skip
"""What NumPy's and PyTorch's libraries and TensorFlow listen to."""
MOST = 1024


def settle(environment: MutableMapping[str, str] = os.environ) -> None:
    """Tell libraries that are yet to be loaded: what was asked for, or else what is allowed.

    What the environment tells one of them already is left, unless `GANKIT_THREADS` is set;
    ConfigError if that is no number of threads.
    """
    asked = environment.get(ASKED, "")
    if asked:
        environment.update(dict.fromkeys(TOLD, str(_count(asked))))
    elif (allowed := _allowed()) is not None:
        for name in TOLD:
            environment.setdefault(name, str(allowed))


def _count(asked: str) -> int:
    if not (asked.isascii() and asked.isdigit() and 1 <= int(asked) <= MOST):
        raise ConfigError(f"{ASKED} is {asked!r}; give a whole number from 1 to {MOST:,}")
    return int(asked)


def _allowed() -> int | None:
    """Return how many processors a container allows, if that is fewer than it shows."""
    quota, seen = cpu_quota(), usable_cpus()
    if quota is None or seen is None or quota >= seen:
        return None
    return max(1, int(quota))
