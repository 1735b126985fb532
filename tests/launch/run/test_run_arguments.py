"""Arguments of a wrong type are refused in one line."""

from __future__ import annotations

import numpy as np
import pytest

import gankit
from gankit import plugins
from gankit.errors import ConfigError, UnknownName
from tests.short_runs import fit, refusal, steep, train

ASKED = {
    "truncation": lambda run: run.sample(2, truncation="x"),
    "truncation of a list": lambda run: run.sample(2, truncation=[1]),
    "columns": lambda run: run.grid(4, columns="x"),
    "columns of a share": lambda run: run.grid(4, columns=1.5),
    "scale": lambda run: run.grid(4, scale="x"),
    "scale of nothing": lambda run: run.grid(4, scale=0),
    "seeds": lambda run: run.interpolate(3),
    "seeds of an empty list": lambda run: run.interpolate([]),
    "seeds of a list of one": lambda run: run.interpolate([1]),
    "steps": lambda run: run.interpolate([1, 2], steps="x"),
    "dataset": lambda run: run.evaluate(n=10, dataset=3),
    "dataset of no name": lambda run: run.evaluate(n=10, dataset=""),
}


@pytest.fixture(scope="module")
def run():
    return fit(progress=False)


@pytest.mark.parametrize("name", ASKED)
def test_a_value_of_a_wrong_type_is_named_and_refused(run, name):
    assert name.split()[0] in refusal(lambda: ASKED[name](run))


@pytest.mark.parametrize("name", [3, None, [1]])
@pytest.mark.parametrize("kind", ["loss", "dataset", "backend"])
def test_a_value_that_is_not_a_name_is_refused(kind, name):
    told = refusal(lambda: getattr(plugins, f"get_{kind}")(name))
    assert told.startswith(f"{kind}: got ")


@pytest.mark.usefixtures("machine")
def test_an_empty_recipe_name_is_not_the_default(command):
    assert "unknown recipe ''" in refusal(lambda: train(recipe=""), UnknownName)
    ended = command("train", "--recipe", "", "--print-config")
    assert (ended.code, ended.out) == (2, "")
    assert "unknown recipe ''" in ended.err


@pytest.fixture
def images(machine):
    """Return the path of a few images, as large as what `tests.short_runs.train` makes."""
    path = machine / "tiny.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (300, 28, 28), np.uint8))
    return path


def test_a_run_resumes_without_the_name_of_its_recipe(images):
    train(recipe="wgan", dataset=images, out="run", progress=False)
    assert gankit.train(out="run", resume=True, steps=5, progress=False).step == 5
    with pytest.raises(ConfigError, match="recipe 'wgan', not 'simple'"):
        gankit.train("simple", out="run", resume=True, steps=5)


def test_the_command_says_how_to_resume_a_run_with_a_loss_object(images, command):
    train(loss=steep(), dataset=images, out="run", progress=False)
    ended = command("train", "--out", "run", "--resume", "--steps", 5)
    assert ended.code == 2
    assert "gankit.train(out='run', resume=True, loss=...)" in ended.err
    assert ended.err.count("\n") == 1
    assert gankit.train(out="run", resume=True, loss=steep(), steps=5, progress=False).step == 5
