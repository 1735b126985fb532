"""The world of a run: rows of a batch, agreements, the chief's state, and how a process started."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from gankit._utils.start_variables import Started, started
from gankit.contract import Backend, World
from gankit.contract.random_streams import Role, StepKey, dropout_mask
from gankit.errors import ConfigError, Unsupported
from gankit.testing.problems import SIMPLE
from tests.thread_worlds import together

STARTED = {"RANK": "2", "WORLD_SIZE": "4", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("batch", [7, 10, 64])
def test_the_rows_of_all_processes_are_the_batch_in_order(batch, size):
    rows = [World(rank, size).rows(batch) for rank in range(size)]
    assert [n for own in rows for n in range(batch)[own]] == list(range(batch))
    assert {len(range(batch)[own]) for own in rows} <= {batch // size, batch // size + 1}


def test_more_processes_than_images_are_refused():
    with pytest.raises(ConfigError, match="batch: got 2 with 3 processes"):
        World(0, 3).rows(2)


def test_each_process_learns_the_numbers_of_all():
    assert (
        together(3, lambda world: world.each(2**53 - world.rank))
        == [(2**53, 2**53 - 1, 2**53 - 2)] * 3
    )


def test_all_agree_on_the_chiefs_number_and_on_any_flag():
    assert together(2, lambda world: world.of_chief(5 + world.rank)) == [5, 5]
    assert together(2, lambda world: world.any(world.rank == 1)) == [True, True]
    assert together(2, lambda world: world.any(False)) == [False, False]


def test_one_process_meets_no_other():
    alone = World(total=None)
    assert (alone.of_chief(3), alone.any(True), alone.chief) == (3, True, True)
    assert alone.state_of_chief({"a": (array := np.ones(2))})["a"] is array


def test_all_get_the_chiefs_state_to_the_bit():
    chiefs = {
        "nan": np.array([np.nan, -0.0, np.inf], np.float32),
        "odd": np.arange(7, dtype=np.uint8).reshape(7, 1),
        "step": np.array(-(2**62), np.int64),
        "none": np.zeros((0, 3)),
        "tiny": np.array([5e-324, np.pi]),
    }
    others = {name: np.ones_like(array) for name, array in chiefs.items()}
    for state in together(2, lambda world: world.state_of_chief([chiefs, others][world.rank])):
        assert {name: (a.dtype, a.shape, a.tobytes()) for name, a in state.items()} == {
            name: (a.dtype, a.shape, a.tobytes()) for name, a in chiefs.items()
        }


@pytest.mark.parametrize("rows", [(0, 1), (3, 9), (13, 20)])
def test_masks_of_some_rows_are_rows_of_the_mask(rows):
    key, shape = StepKey(3, 5, 1), (20, 7, 3)
    whole = dropout_mask(key, Role.DISCRIMINATOR, 4, shape, 0.3)
    cut = dropout_mask(key, Role.DISCRIMINATOR, 4, shape, 0.3, rows=[slice(*rows), slice(0, 2)])
    np.testing.assert_array_equal(cut, np.concatenate([whole[slice(*rows)], whole[:2]]))


def test_a_process_reads_how_it_was_started():
    assert started({}) == started({"WORLD_SIZE": "1", "RANK": "0"}) == Started()
    assert started(STARTED) == Started(2, 4, 0, 1)
    local = {"LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}
    assert started(STARTED | local) == Started(2, 4, 1, 2)
    assert started(STARTED).name == "process 3 of 4"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"RANK": "4"}, "RANK: got '4'; expected a whole number, 0 to 3"),
        ({"RANK": ""}, "RANK: got nothing, but WORLD_SIZE is 4"),
        ({"WORLD_SIZE": "two"}, "WORLD_SIZE: got 'two'"),
        ({"MASTER_PORT": ""}, "MASTER_PORT: got nothing"),
        ({"LOCAL_RANK": "3", "LOCAL_WORLD_SIZE": "2"}, "LOCAL_RANK: got '3'"),
    ],
)
def test_invalid_start_variables_are_refused_by_name(wrong, message):
    with pytest.raises(ConfigError, match=message):
        started(STARTED | wrong)


def test_a_backend_that_cannot_join_refuses_before_it_builds(monkeypatch):
    built = []
    backend = Backend("one", (), built.append, SIMPLE.needs())
    assert backend.world() == World()
    with pytest.raises(Unsupported, match="cannot do distributed"):
        backend.trainer(dataclasses.replace(SIMPLE, world=World(0, 2)))
    for name, value in STARTED.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Unsupported, match="backend 'one' cannot train in 4 processes"):
        backend.world()
    assert not built


@pytest.mark.parametrize(
    "change", [{"mixed": True}, {"generator": object()}], ids=["mixed", "native"]
)
def test_mixed_and_native_networks_are_refused_in_many_processes(change):
    built = []
    problem = dataclasses.replace(SIMPLE, world=World(0, 2), **change)
    backend = Backend("able", (), built.append, problem.needs())
    with pytest.raises(Unsupported, match=r"(mixed|native): not possible in 2 processes"):
        backend.trainer(problem)
    assert not built


def cluster(index, **jobs):
    return {"TF_CONFIG": json.dumps({"cluster": jobs, "task": {"type": "worker", "index": index}})}


def test_tf_config_says_how_a_process_was_started():
    one, two = "a:1", ("a:1", "b:1", "a:2")
    assert started(cluster(0, worker=[one])) == Started()
    assert started(cluster(2, worker=two)) == Started(2, 3, 1, 2, two)
    assert started(cluster(0, chief=["c:1"], worker=two)) == Started(1, 4, 0, 2, ("c:1", *two))
    variables = STARTED | {"RANK": "1", "WORLD_SIZE": "3"}
    assert started(variables | cluster(1, worker=two)) == Started(1, 3, 0, 1, two)
    for wrong in (variables | cluster(2, worker=two), cluster(3, worker=two), {"TF_CONFIG": "{"}):
        with pytest.raises(ConfigError, match="TF_CONFIG: got"):
            started(wrong)
