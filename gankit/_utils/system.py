"""What Linux, macOS and Windows do differently: the only module that uses what one of them lacks.

Each function says what it does without. So the rest of gankit is the same on every system, and
another system needs changes here alone. A test finds such names in other modules, and another one
trains where all of them are missing.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TypeAlias

try:
    import fcntl
except ImportError:  # Windows has no such module.
    fcntl = None  # type: ignore[assignment]

Process: TypeAlias = "subprocess.Popen[bytes]"

ON_WINDOWS = os.name == "nt"
PATHS_ARE_BYTES = not ON_WINDOWS
"""Whether a path may contain bytes that are not text."""
PLAIN_FILE = (
    getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
)
"""Flags of `os.open`: refuse a symbolic link, do not wait for a pipe, change no line ends.

Windows has only the last one: a link is followed there.
"""
CGROUPS = Path("/sys/fs/cgroup")
CGROUP_MEMBERSHIP = Path("/proc/self/cgroup")
"""Limits of a container, and the groups that this process is in; only Linux has them."""
OPEN_FILES = Path("/dev/fd")
"""Lists the open files of this process; Windows has no such folder."""

STOP_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""The signals that stop a run; Windows has no SIGHUP."""
HANGUP = getattr(signal, "SIGHUP", None)
"""The signal of a closed terminal, or None."""


def open_folder(path: Path) -> int | None:
    """Open a folder, and return the descriptor; None on Windows, which cannot open folders."""
    return None if ON_WINDOWS else os.open(path, os.O_RDONLY)


def path_of(descriptor: int) -> Path | None:
    """Return the current path of an open file or folder; None where only Linux knows it."""
    try:
        return Path(f"/proc/self/fd/{descriptor}").readlink()
    except OSError:
        return None


def lock(descriptor: int) -> bool:
    """Wait for the exclusive lock of an open file or folder, which ends when it is closed.

    Return False if the system, as Windows, or the file system has no such locks.
    """
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        return False
    return True


def is_locked(descriptor: int) -> bool | None:
    """Return whether another process holds the lock of an open file; None if there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    return False


_seeking = threading.Lock()


def seek_and_read(descriptor: int, count: int, offset: int) -> bytes:
    """Read as `read_at` does, where the system has no `os.pread`: one thread at a time."""
    with _seeking:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, count)


read_at: Callable[[int, int, int], bytes] = getattr(os, "pread", seek_and_read)
"""`read_at(descriptor, count, offset)` returns at most `count` bytes of an open file."""


def usable_cpus() -> int | None:
    """Return the number of processors that this process may use; elsewhere than on Linux all."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def memory() -> int | None:
    """Return the machine's memory in bytes; None on Windows."""
    with suppress(AttributeError, ValueError, OSError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def set_malloc_option(option: int, value: int) -> bool:
    """Call glibc's `mallopt`, and return whether it succeeded; False with another C library."""
    try:
        import ctypes

        return bool(ctypes.CDLL(None).mallopt(option, value))
    except (ImportError, AttributeError, OSError, TypeError):
        return False


def set_tcp_options(connection: socket.socket, options: Mapping[str, int]) -> None:
    """Set those options of TCP that the system has, by their names in `socket`."""
    for name, value in options.items():
        # macOS calls this one otherwise.
        known = "TCP_KEEPALIVE" if name == "TCP_KEEPIDLE" and not hasattr(socket, name) else name
        if hasattr(socket, known):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, known), value)


def may_run(process: int) -> bool:
    """Return whether a process may be running, by its number; always True on Windows."""
    if ON_WINDOWS:  # There, signal 0 would end the process.
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def start(
    command: Sequence[str],
    *,
    output: int,
    errors: int | IO[bytes],
    environment: Mapping[str, str],
) -> Process:
    """Start a child process without standard input, in a process group that `kill` ends.

    The terminal sends its signals to the group of this process alone; on Windows there are no
    groups, and the console sends them to every process.
    """
    return subprocess.Popen(  # noqa: S603 - our own modules.
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        env=environment,
        start_new_session=True,
    )


def kill(process: Process) -> None:
    """Kill a child process and all processes that it started; on Windows only itself."""
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def pass_on(process: Process, number: int) -> None:
    """Send a signal that this process got to a child process.

    On Windows the console sends Ctrl-C to every process itself; any other signal kills the child.
    """
    if not ON_WINDOWS:
        process.send_signal(number)
    elif number != signal.SIGINT:
        process.terminate()


@contextmanager
def held() -> Iterator[None]:
    """Hold signals back inside the block; on Windows they are not held.

    A process that is started in it holds them back until it calls `release`; so no signal meets
    it before it has set its handlers.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def release() -> None:
    """Take the signals that this process has held back since it was started."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
