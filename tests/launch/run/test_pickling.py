"""Runs, problems and losses in another process, and how they are printed."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from gankit import plugins
from gankit.config import layering
from gankit.losses import HINGE, smoothed
from gankit.training import Progress
from tests.selection import selected
from tests.short_runs import fit, steep, train


def again(thing):
    return pickle.loads(pickle.dumps(thing))  # noqa: S301 - our own.


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train(out=tmp_path_factory.mktemp("runs") / "one", average={"half_life": 100.0})


# Pickling.


@pytest.mark.parametrize("loss", [*plugins.losses().values()], ids=lambda loss: loss.name)
def test_an_unpickled_loss_is_the_same_loss(loss):
    assert again(loss) == loss
    if loss.of_fakes:
        assert again(smoothed(loss, 0.1)) == smoothed(loss, 0.1)


@pytest.mark.parametrize("list_", [plugins.datasets, plugins.backends], ids=lambda f: f.__name__)
def test_registered_objects_can_be_pickled(list_):
    assert again(list_()).keys() == list_().keys()


def test_an_unpickled_problem_and_configuration_are_equal(run):
    assert again(run.problem) == run.problem
    assert again(run.config) == run.config


@pytest.mark.parametrize("backend", [*filter(selected, ("numpy", "torch", "keras"))])
def test_an_unpickled_run_is_complete(backend):
    run = fit(backend=backend)
    back = again(run)
    assert np.array_equal(back.sample(3), run.sample(3))
    assert np.array_equal(back.history, run.history)
    state = run.trainer.state()
    assert all(np.array_equal(value, state[name]) for name, value in back.trainer.state().items())
    assert (back.step, back.problem, back.backend) == (run.step, run.problem, backend)


def test_a_run_opens_in_another_process(run, tmp_path):
    (tmp_path / "run").write_bytes(pickle.dumps(run))
    code = (
        "import pathlib, pickle, sys; run = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes()); "
        "print(run, run.sample(2).sum().item())"
    )
    made = [sys.executable, "-c", code, str(tmp_path / "run")]
    out = subprocess.run(made, capture_output=True, text=True, check=True, timeout=60).stdout
    assert out.split()[-1] == str(run.sample(2).sum().item())


def test_pickling_a_loss_of_lambdas_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "joblib.externals.cloudpickle", sys)  # As scikit-learn does.
    run = fit(loss=steep())
    for thing in (run, run.problem, run.problem.loss):
        with pytest.raises(TypeError, match=r"'mine'.*lambda.*gankit\.load it there"):
            pickle.dumps(thing)


def test_pickling_native_networks_says_what_to_do(run):
    native = replace(run, problem=replace(run.problem, generator=len))
    with pytest.raises(TypeError, match=r"is the function len.*gankit\.load the folder there"):
        pickle.dumps(native)


def test_copying_a_run_needs_no_pickling():
    run = fit(loss=steep())
    shallow, deep = copy.copy(run), copy.deepcopy(run)
    assert shallow.trainer is run.trainer
    assert deep.trainer is not run.trainer
    assert np.array_equal(deep.sample(2), run.sample(2))
    assert copy.copy(run.problem.loss) is copy.deepcopy(run.problem.loss) is run.problem.loss


# Printing.


def test_a_run_is_printed_in_one_line(run):
    folder = str(run.folder)
    assert repr(replace(run, step=6400)) == f"Run({folder!r}, simple on glyphs, numpy, step 6,400)"
    assert repr(fit()) == "Run(in memory, custom on images from Python, numpy, step 3)"


def test_names_with_control_characters_are_printed_escaped(run):
    named = replace(run, config=replace(run.config, recipe="\x1b[2J\n"), folder=None)
    assert repr(named) == r"Run(in memory, \x1b[2J\n on glyphs, numpy, step 3)"


@pytest.mark.parametrize("recipe", ["r3gan", "acgan"])
def test_a_configuration_is_printed_in_one_line_and_a_problem_in_three(recipe):
    config = replace(layering.config_of([layering.from_recipe(recipe)]), classes=10)
    problem = config.problem(config.image_shape, HINGE)
    assert repr(config).startswith(f"TrainConfig({recipe} on auto, auto, ")
    assert len(repr(config).splitlines()) == 1
    assert len(repr(problem).splitlines()) == 3
    assert max(map(len, repr(problem).splitlines())) < 120


def test_a_printed_problem_shows_network_sizes_and_settings():
    told = repr(fit(flip=True, auxiliary=0.0).problem)
    assert told.splitlines() == [
        "Problem(3 -> (3, 2, 1), nonsaturating, float32, seed 0, flip=True",
        "    generator: 3 layers, 24 weights, Adam",
        "    discriminator: 2 layers, 7 weights, Adam)",
    ]
    native = replace(fit().problem, generator=len)
    assert "generator: native, the function len, Adam" in repr(native)


def test_progress_is_printed_in_one_line(run):
    progress = Progress(3, run.history, run.trainer, True, run.problem)
    assert repr(progress) == "Progress(step=3, done=True)"
