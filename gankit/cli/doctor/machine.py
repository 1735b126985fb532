"""The machine: Python, platform, processors, memory and limits."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gankit._utils.system import CGROUP_MEMBERSHIP, CGROUPS, memory, usable_cpus

UNLIMITED = 2**60
"""Early cgroups write nearly 2^63 for "no limit"; no machine has this much memory."""


@dataclass(frozen=True)
class Machine:
    """Facts about the machine; None if the system does not report them.

    Attributes
    ----------
    python, executable, platform
        The interpreter's version and path, and the platform's name.
    cpus, usable_cpus
        Processors of the machine, and those that this process may use.
    cpu_quota
        Processor time allowed by the container, in processors.
    memory_bytes, memory_limit_bytes
        The machine's memory, and the container's limit.
    """

    python: str
    executable: str
    platform: str
    cpus: int | None
    usable_cpus: int | None
    cpu_quota: float | None
    memory_bytes: int | None
    memory_limit_bytes: int | None


def machine() -> Machine:
    """Return facts about this machine from the operating system."""
    return Machine(
        python=platform.python_version(),
        executable=sys.executable or "?",
        platform=platform.platform(),
        cpus=os.cpu_count(),
        usable_cpus=usable_cpus(),
        cpu_quota=cpu_quota(),
        memory_bytes=memory(),
        memory_limit_bytes=memory_limit(),
    )


def cpu_quota(root: Path = CGROUPS, membership: Path = CGROUP_MEMBERSHIP) -> float | None:
    """Return the smallest processor quota of a control group, in processors."""
    quotas = []
    for folder in _groups("cpu", root, membership):
        values = _words(folder / "cpu.max") or [
            *_words(folder / "cpu.cfs_quota_us"),
            *_words(folder / "cpu.cfs_period_us"),
        ]
        with suppress(ValueError, ZeroDivisionError):
            quota, period = map(int, values)
            quotas += [quota / period] if quota > 0 else []
    return min(quotas, default=None)


def memory_limit(root: Path = CGROUPS, membership: Path = CGROUP_MEMBERSHIP) -> int | None:
    """Return the smallest memory limit of a control group, in bytes."""
    limits = []
    for folder in _groups("memory", root, membership):
        for name in ("memory.max", "memory.limit_in_bytes"):
            limits += [int(word) for word in _words(folder / name) if word.isdigit()]
    return min((limit for limit in limits if limit < UNLIMITED), default=None)


def _groups(controller: str, root: Path, membership: Path) -> Iterator[Path]:
    """Yield the folders of this process's control groups and their parents."""
    lines = [f"0::{os.sep}"]
    with suppress(OSError, UnicodeDecodeError):
        lines += membership.read_text().splitlines()
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        base = root / controller if controllers else root
        inner = base / path.lstrip("/")
        yield from {p for p in (inner, *inner.parents) if p.is_relative_to(base)} | {
            root / controller
        }


def _words(path: Path) -> list[str]:
    with suppress(OSError, UnicodeDecodeError):
        return path.read_text().split()
    return []
