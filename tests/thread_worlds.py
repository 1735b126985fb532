"""Worlds of threads: several trainers in one process that meet as processes do."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from gankit.contract import World, world
from gankit.errors import PeerLost

LIMIT = 60
"""Seconds that a thread waits for the others."""


class Meeting:
    """Where the threads of a world sum their arrays, in the order of ranks.

    Attributes
    ----------
    given
        For each rank its last two sums, by their numbers: the line that called it, and the array.
    ended
        The ranks whose threads have ended.
    """

    def __init__(self, size):
        self.changed, self.ended = threading.Condition(), set()
        self.given = [{} for _ in range(size)]

    def total(self, rank):
        """Return the sum of a process."""

        def total(numbers):
            own = self.given[rank]
            number = max(own, default=-1) + 1
            with self.changed:
                own.pop(number - 2, None)  # All have taken it, since they gave the one after it.
                own[number] = caller(), numbers.copy()
                self.changed.notify_all()
                if not self.changed.wait_for(lambda: self._can_sum(number), LIMIT):
                    raise TimeoutError(f"waited {LIMIT} s for another thread")
                if not self._all_came(number):
                    raise PeerLost("another thread ended")
                places, arrays = zip(*(given[number] for given in self.given), strict=True)
            assert len(set(places)) == 1, f"threads meet in different lines: {places}"
            first, *others = arrays
            return sum(others, start=first.copy())

        return total

    def end(self, rank):
        """Note that a thread has ended."""
        with self.changed:
            self.ended.add(rank)
            self.changed.notify_all()

    def _all_came(self, number):
        return all(number in given for given in self.given)

    def _can_sum(self, number):
        """Return whether a sum need not wait: all have come, or one never will."""
        return self._all_came(number) or any(number not in self.given[rank] for rank in self.ended)


def caller():
    """Return the line, outside of the world itself, that called a sum."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename in (__file__, world.__file__):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def together(size, function):
    """Call `function(world)` in a thread for each process; return the results, by rank.

    The first error is raised again. If a thread ends before the last sum, the others get PeerLost.
    """
    meeting, errors = Meeting(size), []

    def run(rank):
        try:
            return function(World(rank, size, meeting.total(rank)))
        except BaseException as error:
            errors.append(error)
            raise
        finally:
            meeting.end(rank)

    with ThreadPoolExecutor(size) as threads:
        results = [threads.submit(run, rank) for rank in range(size)]
    if errors:
        raise errors[0]
    return [result.result() for result in results]
