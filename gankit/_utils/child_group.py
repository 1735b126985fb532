"""Run a module of gankit in several child processes that train one run together.

They get the variables of `gankit._utils.start_variables`, so a backend joins them as those of
`torchrun`. They write to this process's standard streams.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from types import FrameType

from gankit._utils import child_process, system
from gankit._utils.plain_numbers import number
from gankit._utils.start_variables import (
    HERE,
    LAUNCHER,
    TORCHELASTIC,
    name_of,
    on_this_machine,
    started,
)
from gankit._utils.stop_signals import taken
from gankit._utils.system import HANGUP, STOP_SIGNALS, Process, held
from gankit._utils.thread_variables import LIBRARY_VARIABLES, THREADS
from gankit.errors import ConfigError, ExitCode, shown

GRACE = 60.0
"""Seconds that the other processes have to end after one of them has failed."""
MOST_PROCESSES = 1024
PAUSE = 0.05
"""Seconds between two looks at the processes."""


def is_launcher(processes: int) -> bool:
    """Return whether this process must start others to train in `processes` processes.

    The processes that it starts get the same argument.

    Raises
    ------
    ConfigError
        The number is out of range, or it is not that of the processes that were started.
    """
    processes, size = number(processes), started().size
    if type(processes) is not int or not 1 <= processes <= MOST_PROCESSES:
        raise ConfigError(
            f"processes: got {shown(processes)}; expected a whole number from 1 to {MOST_PROCESSES}"
        )
    if size > 1 and processes not in (1, size):
        raise ConfigError(
            f"processes: got {processes} in one of {size} processes that were started together; "
            "leave it out"
        )
    return processes > 1 and size == 1


def run_group(
    size: int,
    module: str,
    arguments: Sequence[str],
    tell: Callable[[str], None],
    signals: Collection[int] = STOP_SIGNALS,
) -> int:
    """Run a module in `size` processes until all have ended; return the exit code of the run.

    If a process fails, the others have a minute to end; then they are killed.

    Parameters
    ----------
    size
        Number of processes.
    module, arguments
        The module, and its command-line arguments, the same for each process. It must call
        `gankit._utils.system.release`.
    tell
        Gets a line for each process that a signal has ended.
    signals
        The signals that are passed on to all processes. The second one, but not SIGHUP, kills them.

    Returns
    -------
    code
        The first code above 0, but `PeerLost`'s only if there is no other; that too if a signal
        ended a process that this function did not pass on.
    """
    passed: list[int] = []
    processes: list[Process] = []

    def forward(number: int, _frame: FrameType | None) -> None:
        if passed and number == HANGUP:  # A closed terminal may send two.
            return
        passed.append(number)
        for process in processes:
            system.pass_on(process, number) if passed == [number] else process.kill()

    try:
        with taken(forward, signals):
            with held():  # All get a signal that comes while they are started.
                processes.extend(
                    child_process.start(module, arguments, errors=2, output=1, environment=each)
                    for each in _variables(size, os.environ)
                )
            ended = _wait(processes)
    finally:
        for process in processes:
            child_process.kill(process)
    for rank, code in ended:
        if code < 0 and -code not in passed and len(passed) < 2:
            tell(f"{name_of(rank, size)} was ended by {child_process.signal_name(-code)}")
    codes = [_exit_code(code, passed) for _, code in ended]
    own = [code for code in codes if code not in (0, ExitCode.PEER)]
    return own[0] if own else max(codes)


def _variables(size: int, environment: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the environment of each process."""
    # This process may be one that torchrun started, and the others would look for torchrun's store.
    kept = {n: value for n, value in environment.items() if not n.startswith(TORCHELASTIC)}
    common = {**kept, LAUNCHER: str(os.getpid()), **_threads(size, environment)}
    port = free_ports(size + 1)
    return [common | on_this_machine(rank, size, port) for rank in range(size)]


def _threads(size: int, environment: Mapping[str, str]) -> dict[str, str]:
    """Share the threads of operations among the processes, unless the user has chosen them."""
    if environment.get(THREADS):
        return {}
    cpus = system.usable_cpus()
    shares = {}
    for name in LIBRARY_VARIABLES:
        given = environment.get(name, "")
        shares[name] = str(max(1, (int(given) if given.isdigit() else cpus or 1) // size))
    return shares


def free_ports(count: int) -> int:
    """Return the first of `count` ports in a row that no process of this machine uses now."""
    while True:
        with ExitStack() as stack:
            found = [stack.enter_context(socket.socket()) for _ in range(count)]
            found[0].bind((HERE, 0))
            first: int = found[0].getsockname()[1]
            with suppress(OSError, OverflowError):  # One is in use, or above the last port.
                for offset, each in enumerate(found[1:], start=1):
                    each.bind((HERE, first + offset))
                return first


def _wait(processes: Sequence[Process]) -> list[tuple[int, int]]:
    """Wait until all have ended, or the grace after a failure; return ranks and codes in order."""
    ended: dict[int, int] = {}
    deadline = float("inf")
    while len(ended) < len(processes):
        for rank, process in enumerate(processes):
            if rank not in ended and (code := process.poll()) is not None:
                ended[rank] = code
                if code:
                    deadline = min(deadline, time.monotonic() + GRACE)
        if time.monotonic() > deadline:
            break
        time.sleep(PAUSE)
    return list(ended.items())


def _exit_code(code: int, passed: Sequence[int]) -> int:
    """Return the exit code of a process, `passed` being the signals that were passed on."""
    if code >= 0:
        return code
    if len(passed) > 1:
        return 128 + passed[0]
    return 128 - code if -code in passed else ExitCode.PEER
