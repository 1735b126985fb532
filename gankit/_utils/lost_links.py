"""Notice a lost link to another machine, by options of this process's TCP connections.

A process that ends closes its connections, so the others notice at once. If a machine or a cable
fails, nothing arrives: without these options a connection waits about 15 minutes for the receipt of
what it has sent, and without an end for what it has to receive.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from gankit._utils.system import OPEN_FILES, set_tcp_options

SECONDS = 60
"""Seconds without an answer of the other machine after which a connection is lost."""
PROBES = 4
"""How often an idle connection asks for an answer in that time."""


@contextmanager
def lost_links_noticed() -> Iterator[None]:
    """Set the options of the TCP connections that are opened inside the block.

    Afterwards their errors are those of a connection that was closed, `SECONDS` after the link was
    lost.
    """
    before = _sockets()
    yield
    for descriptor, identity in _sockets().items():
        if before.get(descriptor) != identity:
            with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as connection:
                _set_options(connection)


def _sockets() -> dict[int, int]:
    """Return the open sockets: their descriptors and inodes."""
    found = {}
    with suppress(OSError):
        for file in OPEN_FILES.iterdir():
            with suppress(OSError):  # It has been closed meanwhile.
                status = os.fstat(int(file.name))
                if stat.S_ISSOCK(status.st_mode):
                    found[int(file.name)] = status.st_ino
    return found


def _set_options(connection: socket.socket) -> None:
    """Set the options of a connection; OSError if it has none of TCP or is not connected."""
    connection.getpeername()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {
        "TCP_KEEPIDLE": SECONDS // PROBES,
        "TCP_KEEPINTVL": SECONDS // PROBES,
        "TCP_KEEPCNT": PROBES - 1,
        "TCP_USER_TIMEOUT": 1000 * SECONDS,
    }
    set_tcp_options(connection, options)
