"""The store by which the processes of one start find each other.

`torchrun` keeps a store over restarts, where the addresses of ended processes remain; its counts of
restarts differ between hosts, so they cannot tell one start from another. Therefore the first
process draws a name for a part of the store. The others cannot know it from what an earlier start
left there, so each draws a name too, under which it gets the first process's in reply.
"""

from __future__ import annotations

import time
import uuid
from datetime import timedelta

from torch.distributed.distributed_c10d import PrefixStore, Store

HELLO, REPLY, CAME = "gankit/hello", "gankit/reply", "gankit/came"
PAUSE = 0.02
"""Seconds between two looks for names of other processes."""


def own_store(store: Store, rank: int, size: int, timeout: timedelta) -> Store:
    """Return a part of `store` that only the processes of this start use, a meeting.

    Raises
    ------
    RuntimeError
        Another process did not come in time.
    """
    name = uuid.uuid4().hex
    if rank:
        store.set(f"{HELLO}/{rank}", name)
        store.wait([f"{REPLY}/{name}"], timeout)
        name = store.get(f"{REPLY}/{name}").decode()
        store.add(f"{CAME}/{name}", 1)
    else:
        _reply(store, name, size, timeout)
    return PrefixStore(name, store)


def _reply(store: Store, name: str, size: int, timeout: timedelta) -> None:
    """Reply `name` to each name of the others, until all have got it.

    A name that an earlier start left gets a reply too; it is replaced when its process comes.
    """
    replied: dict[int, bytes] = {}
    deadline = time.monotonic() + timeout.total_seconds()
    while (came := store.add(f"{CAME}/{name}", 0)) < size - 1:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{came + 1} of {size} came in {timeout.total_seconds():.0f} s")
        for rank in range(1, size):
            key = f"{HELLO}/{rank}"
            if store.check([key]) and (hello := store.get(key)) != replied.get(rank):
                store.set(f"{REPLY}/{hello.decode()}", name)
                replied[rank] = hello
        time.sleep(PAUSE)
