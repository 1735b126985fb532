"""Join the processes of a run by torch.distributed, whose launcher is `torchrun`.

There are three groups. That of sums inside a block ends soon if a process is lost; that between
blocks waits for the chief, which evaluates and saves; the third, of GPUs, is nccl's if each process
has a GPU of its own, and otherwise the first.
"""

from __future__ import annotations

import atexit
import functools
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed
from torch.distributed import ProcessGroup
from torch.distributed.rendezvous import rendezvous

from gankit.contract import Started, World
from gankit.errors import PeerLost
from gankit_torch.own_store import own_store

IN_BLOCK = timedelta(minutes=5)
"""The longest that a process waits for the others to join, and in a sum inside a block."""
BETWEEN_BLOCKS = timedelta(days=1)
"""The longest that it waits between blocks."""
ENDED = "another process of this run ended; its message says why"


class Groups:
    """The groups of a run's processes, as above."""

    def __init__(
        self, between_blocks: ProcessGroup, in_block: ProcessGroup, gpus: ProcessGroup
    ) -> None:
        self.between_blocks, self.in_block, self.gpus = between_blocks, in_block, gpus

    def total(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum of an array over all processes, between blocks; PeerLost if one ended."""
        summed = torch.tensor(numbers)
        with _peers(ENDED):
            distributed.all_reduce(summed, group=self.between_blocks)
        return summed.numpy()

    def all_reduce(self, x: Tensor) -> Tensor:
        """Sum a contiguous tensor in place over all processes; PeerLost if one has ended."""
        with _peers(ENDED):
            distributed.all_reduce(x, group=self.gpus if x.is_cuda else self.in_block)
        return x

    def leave(self) -> None:
        """End the groups and their threads: torch aborts a process that ends while they run."""
        del self.between_blocks, self.in_block, self.gpus
        with suppress(RuntimeError):
            distributed.destroy_process_group()


@functools.cache
def join(this: Started) -> World:
    """Meet the other processes; return the world, the same one at each call.

    Raises
    ------
    PeerLost
        Another process did not come in time.
    """
    with _peers("the other processes did not join: {}"):
        store = next(rendezvous("env://", timeout=IN_BLOCK))[0]
        store = own_store(store, this.rank, this.size, IN_BLOCK)
        distributed.init_process_group(
            "gloo", store=store, rank=this.rank, world_size=this.size, timeout=IN_BLOCK
        )
        in_block = distributed.distributed_c10d._get_default_group()
        between_blocks = distributed.new_group(backend="gloo", timeout=BETWEEN_BLOCKS)
        own_gpus = torch.tensor(float(_takes_own_gpu(this)))
        distributed.all_reduce(own_gpus, group=in_block)
        gpus = in_block
        if int(own_gpus) == this.size:
            gpus = distributed.new_group(backend="nccl", timeout=IN_BLOCK)
    groups = Groups(between_blocks, in_block, gpus)
    atexit.register(groups.leave)
    return World(this.rank, this.size, groups.total)


def _takes_own_gpu(this: Started) -> bool:
    """Make the process's GPU torch's own; return whether no other process shares it."""
    count = torch.cuda.device_count()
    if count:
        torch.cuda.set_device(this.local_rank % count)
    return count >= this.local_size


@contextmanager
def _peers(message: str) -> Iterator[None]:
    """Raise PeerLost for torch's errors of a collective; "{}" in its message is the reason."""
    try:
        yield
    except RuntimeError as error:
        raise PeerLost(message.format(str(error).splitlines()[0])) from error
