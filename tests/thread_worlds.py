"""Worlds of threads: several trainers in one process that meet at a barrier."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from gankit.contract import World

LIMIT = 60
"""Seconds that a thread waits for the others."""


class Meeting:
    """Where the threads of a world sum their arrays, in the order of ranks."""

    def __init__(self, size):
        self.barrier, self.given = threading.Barrier(size), [None] * size

    def total(self, rank):
        """Return the sum of a process."""

        def total(numbers):
            self.given[rank] = numbers.copy()
            self.barrier.wait(LIMIT)
            summed = sum(self.given[1:], start=self.given[0].copy())
            self.barrier.wait(LIMIT)
            return summed

        return total


def together(size, function):
    """Call `function(world)` in a thread for each process; return the results, by rank.

    The first error is raised again; the other threads end with a BrokenBarrierError.
    """
    meeting, errors = Meeting(size), []

    def run(rank):
        try:
            return function(World(rank, size, meeting.total(rank)))
        except BaseException as error:
            errors.append(error)
            meeting.barrier.abort()
            raise

    with ThreadPoolExecutor(size) as threads:
        results = [threads.submit(run, rank) for rank in range(size)]
    if errors:
        raise errors[0]
    return [result.result() for result in results]
