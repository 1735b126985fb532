"""Runs of several processes: who writes and calls, and what all agree on.

The processes are threads, and each trainer is the reference, which computes the whole batch; so all
have the same numbers, as the processes of a backend do.
"""

from __future__ import annotations

import dataclasses
import inspect
import itertools

import numpy as np
import pytest

import gankit
from gankit import plugins
from gankit._utils import stop_signals
from gankit.data import glyphs
from gankit.errors import CheckpointError, ConfigError, DataError, Diverged, GankitError
from gankit.layers import Dense, Flatten, Reshape, Tanh
from gankit.runs import RunFolder, warning_log
from tests.thread_worlds import together
from tests.wrong_backends.correct import CorrectTrainer

NETWORKS = (Dense(784), Tanh(), Reshape((28, 28, 1))), (Flatten(), Dense(1))
IMAGES = glyphs.draw(40)[0]
NUMPY = plugins.get_backend("numpy")


def backend(world, build=NUMPY.build):
    able = NUMPY.capabilities | {"distributed"}
    return dataclasses.replace(NUMPY, capabilities=able, join=lambda _this: world, build=build)


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """Make each thread believe that it was started together with another."""
    variables = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def fit(world, *, images=IMAGES, own=NUMPY.build, **changes):
    words = {"steps": 9, "latent": 3, "batch": 4, "checkpoint_every": 4, "progress": False}
    return gankit.fit(images, *NETWORKS, backend=backend(world, own), **words | changes)


def alone(**changes):
    words = {"steps": 9, "latent": 3, "batch": 4, "backend": "numpy", "progress": False}
    return gankit.fit(IMAGES, *NETWORKS, **words | changes)


@pytest.fixture
def one(monkeypatch):
    with monkeypatch.context() as unset:
        unset.delenv("WORLD_SIZE")
        return alone()


def test_the_chief_alone_writes_and_calls_callbacks(tmp_path, one):
    called = []

    def run(world):
        return fit(world, out=tmp_path / "run", callbacks=lambda _: called.append(world.rank))

    chief, other = together(2, run)
    assert set(called) == {0}
    assert RunFolder(tmp_path / "run").checkpoints.steps() == [4, 8, 9]
    assert (chief.folder, other.folder) == (tmp_path / "run", None)
    for each in (chief, other):
        np.testing.assert_array_equal(each.history, one.history)


def test_all_stop_when_a_callback_of_the_chief_stops_the_run(tmp_path):
    def stop(progress):
        if progress.step == 3:
            progress.stop("good enough")

    runs = together(2, lambda world: fit(world, out=tmp_path / "run", callbacks=stop))
    assert [run.step for run in runs] == [3, 3]
    folder = RunFolder(tmp_path / "run")
    assert folder.checkpoints.steps() == [3]
    assert warning_log.read(folder.warnings)[-1].text == "stopped: good enough"


def test_all_stop_when_the_launcher_of_one_has_ended(tmp_path, monkeypatch):
    calls = itertools.count()
    monkeypatch.setattr("gankit.launch.execute.launcher_ended", lambda: next(calls) == 7)
    chief, other = together(
        2, lambda world: fit(world, out=tmp_path / "run", steps=10**6, checkpoint_every=10**6)
    )
    assert chief.step == other.step < 10**6
    assert RunFolder(tmp_path / "run").checkpoints.steps() == [chief.step]


def test_all_have_the_chiefs_ends_of_blocks():
    ends = {0: [], 1: []}

    def recording(problem):
        trainer, rank = CorrectTrainer(problem), problem.world.rank

        def train_block(block):
            ends[rank].append(block.start + len(block))
            return CorrectTrainer.train_block(trainer, block)

        trainer.train_block = train_block
        return trainer

    def run(world):
        # The chief alone calls the callback, which needs an end after every third step.
        return fit(world, own=recording, callbacks=gankit.callbacks.every(3, lambda _: None))

    together(2, run)
    assert ends[0] == ends[1]
    assert {3, 6, 9} <= set(ends[0])


def test_another_number_of_processes_resumes_from_the_chiefs_folder(tmp_path, one):
    together(2, lambda world: fit(world, out=tmp_path / "run", steps=5))
    resumed = together(3, lambda world: fit(world, out=tmp_path / "run", resume=True))
    for run in resumed:
        assert run.step == 9
        np.testing.assert_array_equal(run.history[-4:], one.history[5:])
    np.testing.assert_array_equal(resumed[0].history, one.history)


def test_all_begin_with_the_chiefs_state(one):
    def changed(problem):
        """Return a trainer whose first state is wrong in all processes but the chief's."""
        trainer = NUMPY.build(problem)
        if not problem.world.chief:
            state = trainer.state()
            state["generator/0.kernel"] += 1
            trainer.load_state(state)
        return trainer

    for run in together(2, lambda world: fit(world, own=changed)):
        np.testing.assert_array_equal(run.history, one.history)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"images": 255 - IMAGES}, DataError, "dataset: process 2 of 2 has other images"),
        ({"seed": 1}, ConfigError, "settings: process 2 of 2 has others"),
    ],
)
def test_other_images_or_settings_are_refused_before_anything_is_written(
    tmp_path, changes, error, message
):
    def run(world):
        with pytest.raises(error, match=message):
            fit(world, out=tmp_path / "run", **(changes if world.rank else {}))

    together(2, run)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def translate(tmp_path):
    """Return a function that trains on images of a file, and sources: a name, or in a file too."""

    def run(world, sources):
        files = {"images": IMAGES, "sources": sources[world.rank]}
        for name, content in files.items():
            if not isinstance(content, str):
                files[name] = str(tmp_path / f"{name}-{world.rank}.npy")
                np.save(files[name], content)
        return gankit.train(
            "pix2pix", backend=backend(world), dataset=files["images"], steps=2, batch=2,
            source_images=files["sources"], progress=False,
        )  # fmt: skip

    return run


def test_each_host_may_have_the_sources_in_a_place_of_its_own(translate):
    first, second = together(2, lambda world: translate(world, [IMAGES, IMAGES]))
    np.testing.assert_array_equal(first.history, second.history)


@pytest.mark.parametrize(
    ("sources", "error"),
    [((IMAGES, 255 - IMAGES), DataError), (("edges", "grey"), ConfigError)],
    ids=["images", "computed"],
)
def test_other_sources_are_refused(translate, sources, error):
    def run(world):
        with pytest.raises(error, match="process 2 of 2"):
            translate(world, sources)

    together(2, run)


def test_other_versions_are_refused(monkeypatch):
    ranks = iter("ab")
    monkeypatch.setattr(
        "gankit.launch.resolved_plan.environment",
        lambda: {"gankit": next(ranks), "python": "", "libraries": {}},
    )

    def run(world):
        with pytest.raises(ConfigError, match="versions: process 2 of 2 has other versions"):
            fit(world)

    together(2, run)


def test_more_processes_than_images_in_a_batch_are_refused(tmp_path):
    def run(world):
        with pytest.raises(ConfigError, match="batch: got 2 with 3 processes"):
            fit(world, batch=2, out=tmp_path / "run")

    together(3, run)
    assert list(tmp_path.iterdir()) == []


def test_a_state_that_differs_is_not_saved(tmp_path):
    def spoil(progress):
        if progress.step == 5:
            state = progress.trainer.state()
            state["generator/0.bias"] += 1e-9
            progress.trainer.load_state(state)

    def run(world):
        with pytest.raises(CheckpointError, match="after step 8 process 2 of 2 has another state"):
            fit(world, out=tmp_path / "run", callbacks=spoil)

    together(2, run)
    assert RunFolder(tmp_path / "run").checkpoints.steps() == [4]


def test_all_end_at_the_step_that_diverges(tmp_path):
    def run(world):
        with pytest.raises(Diverged, match=r"is nan in step \d+") as raised:
            fit(
                world,
                generator_optimizer=gankit.optimizers.SGD(1e200),
                discriminator_optimizer=gankit.optimizers.SGD(1e200),
                out=tmp_path / "run",
            )
        return str(raised.value).partition(";")[0]

    first, second = together(2, run)
    assert first == second


def test_all_exit_with_the_signal_of_one():
    def run(world):
        stop = stop_signals.Stop(message="")
        stop.received = 15 if world.rank == 1 else None
        stop.agree(world.each)
        return stop.exit_code

    assert together(2, run) == [143, 143]


def test_minutes_that_are_over_in_one_process_end_all(tmp_path):
    def run(world):
        return fit(world, out=tmp_path / "run", steps=10**6, minutes=[1e-2, 1e-3][world.rank])

    # The minutes are a setting, so both are refused; the time itself differs between processes.
    with pytest.raises(GankitError, match="settings"):
        together(2, run)
    runs = together(2, lambda world: fit(world, steps=10**6, minutes=1e-3))
    assert runs[0].step == runs[1].step < 10**6


SETTINGS = {"changes": {"seed": 1}, "error": ConfigError, "message": "settings: process 2 of 2"}
MISTAKES = {
    "two-writers": ("gankit.contract.World.chief", property(lambda _: True),
                    test_the_chief_alone_writes_and_calls_callbacks, {}),
    "local-ends": ("gankit.contract.World.of_chief", lambda _, number: number,
                   test_all_have_the_chiefs_ends_of_blocks, {}),
    "local-stops": ("gankit.contract.World.any", lambda _, flag: flag,
                    test_all_stop_when_a_callback_of_the_chief_stops_the_run, {}),
    "local-signals": ("gankit._utils.stop_signals.Stop.agree", lambda *_: None,
                      test_all_exit_with_the_signal_of_one, {}),
    "unshared-first-state": ("gankit.launch.execute.share_state", lambda *_: None,
                             test_all_begin_with_the_chiefs_state, {}),
    "unshared-resumed-state": ("gankit.launch.execute.share_state", lambda *_: None,
                               test_another_number_of_processes_resumes_from_the_chiefs_folder, {}),
    "skipped-digests-at-the-start": ("gankit.launch.same_in_all._compare", lambda *_: None,
                        test_other_images_or_settings_are_refused_before_anything_is_written,
                        SETTINGS),
    "skipped-digests-of-versions": ("gankit.launch.same_in_all._compare", lambda *_: None,
                                    test_other_versions_are_refused, {}),
    "skipped-digests-of-states": ("gankit.launch.same_in_all._compare", lambda *_: None,
                                  test_a_state_that_differs_is_not_saved, {}),
}  # fmt: skip
"""The place of each mistake, what is put there, and the test that must notice it."""


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_what_all_agree_on_is_noticed(name, request, monkeypatch):
    place, wrong, test, given = MISTAKES[name]
    wanted = [p for p in inspect.signature(test).parameters if p not in given]
    fixtures = {fixture: request.getfixturevalue(fixture) for fixture in wanted}
    monkeypatch.setattr(place, wrong)
    with pytest.raises((AssertionError, GankitError, pytest.fail.Exception)):
        test(**fixtures, **given)
