"""The store of one start, in threads that stand for processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.selection import selected

if not selected("torch"):
    pytest.skip("torch is not among the backends under test", allow_module_level=True)

from gankit_torch.own_store import own_store
from torch.distributed import HashStore

SIZE = 3
LIMIT = timedelta(seconds=20)


def start(shared, ranks=range(SIZE), limit=LIMIT):
    """Return the stores of processes that start together."""
    with ThreadPoolExecutor(SIZE) as threads:
        joined = [threads.submit(own_store, shared, rank, SIZE, limit) for rank in ranks]
        return [each.result() for each in joined]


def test_each_start_has_a_part_of_the_store_for_itself():
    shared = HashStore()
    for number in range(3):
        stores = start(shared)
        assert not any(store.check(["address"]) for store in stores)
        stores[number].set("address", str(number))
        assert [store.get("address") for store in stores] == [str(number).encode()] * SIZE


@pytest.mark.parametrize("ranks", [[1, 2], [0, 1]])
def test_a_start_that_failed_leaves_nothing_to_the_next(ranks):
    shared = HashStore()
    with pytest.raises(RuntimeError):
        start(shared, ranks, timedelta(seconds=0.5))
    first, *others = start(shared)
    first.set("address", "here")
    assert [store.get("address") for store in others] == [b"here"] * 2
