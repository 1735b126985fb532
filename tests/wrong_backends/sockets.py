"""Processes that meet through the first one's socket: a world for the backends under test."""

from __future__ import annotations

import functools
import os
import socket
import time

import numpy as np

from gankit.contract import World
from gankit.errors import PeerLost

LIMIT = 60.0
"""Seconds that a process waits for another."""


@functools.cache
def join(this):
    """Return the world; each process sends its numbers to the first, which returns their sum."""
    place = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    if this.rank:
        return World(this.rank, this.size, functools.partial(_ask, _connected(place)))
    with socket.create_server(place) as server:
        server.settimeout(LIMIT)
        links = [server.accept()[0] for _ in range(this.size - 1)]
    for link in links:
        link.settimeout(LIMIT)
    return World(0, this.size, functools.partial(_serve, links))


def _connected(place):
    end = time.monotonic() + LIMIT
    while True:
        try:
            return socket.create_connection(place, LIMIT)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def _ask(link, numbers):
    _send(link, numbers)
    return _received(link, numbers)


def _serve(links, numbers):
    summed = numbers + sum(_received(link, numbers) for link in links)
    for link in links:
        _send(link, summed)
    return summed


def _send(link, numbers):
    try:
        link.sendall(np.ascontiguousarray(numbers).tobytes())
    except OSError as error:
        raise PeerLost("another process ended") from error


def _received(link, like):
    content = b""
    while len(content) < like.nbytes:
        try:
            part = link.recv(like.nbytes - len(content))
        except OSError as error:
            raise PeerLost("another process ended") from error
        if not part:
            raise PeerLost("another process ended")
        content += part
    return np.frombuffer(content).reshape(like.shape)
