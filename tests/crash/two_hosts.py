"""Two hosts on one machine: network namespaces, and a link between them.

Only root makes them, on Linux with the command `ip`.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import shutil
import subprocess
from pathlib import Path

from tests.process_groups import LISTENING
from tests.waiting import kill

ADDRESSES = "10.213.47.1", "10.213.47.2"
LINK = "link0"
"""The name of the link at both ends."""
_COUNT = itertools.count()


class TwoHosts:
    """Two hosts with a link; `with` removes them, and kills their processes.

    Attributes
    ----------
    names
        The names of the namespaces.
    """

    def __init__(self):
        number = next(_COUNT)
        self.names = [f"gankit-{os.getpid()}-{number}-{host}" for host in range(2)]

    def __enter__(self):
        try:
            for name in self.names:
                ip("netns", "add", name)
            first, second = self.names
            end = "type", "veth", "peer", "name", LINK, "netns", second
            ip("link", "add", LINK, "netns", first, *end)
            for name, address in zip(self.names, ADDRESSES, strict=True):
                ip("-n", name, "address", "add", f"{address}/24", "dev", LINK)
                ip("-n", name, "link", "set", "lo", "up")
                ip("-n", name, "link", "set", LINK, "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for host, name in enumerate(self.names):
            self.kill(host)
            with contextlib.suppress(subprocess.CalledProcessError):  # There is none.
                ip("netns", "del", name)

    def words(self, host, words):
        """Return the command that runs `words` on the host 0 or 1."""
        return ["ip", "netns", "exec", self.names[host], *words]

    def kill(self, host):
        """Kill all processes of a host."""
        with contextlib.suppress(subprocess.CalledProcessError):  # There is no such host.
            for pid in ip("netns", "pids", self.names[host]).split():
                kill(int(pid))

    def cut(self):
        """Cut the link: nothing that is sent arrives, without an error."""
        ip("-n", self.names[0], "link", "set", LINK, "down")

    def mend(self):
        """Mend the link."""
        ip("-n", self.names[0], "link", "set", LINK, "up")

    def ports(self, host):
        """Return the listening sockets of a host, as lines of Linux's table."""
        table = ip("netns", "exec", self.names[host], "cat", "/proc/net/tcp", "/proc/net/tcp6")
        return [line for line in table.splitlines() if line.split()[3] == LISTENING]


def ip(*words):
    """Run `ip`; return its output."""
    program = shutil.which("ip") or "ip"
    return subprocess.run(
        [program, *words], check=True, capture_output=True, text=True, timeout=30
    ).stdout


@functools.cache
def impossible():
    """Return why this machine cannot have two hosts; an empty text if it can."""
    if not Path("/proc/net/tcp").exists() or shutil.which("ip") is None:
        return "the command ip of Linux is not installed"
    if os.geteuid() != 0:
        return "only root makes network namespaces"
    try:
        with TwoHosts() as hosts:
            hosts.ports(0)
    except (OSError, subprocess.SubprocessError) as error:
        return f"network namespaces are not possible here: {getattr(error, 'stderr', error)}"
    return ""
