"""Handmade batches: errors name missing inputs, and a page lists all names."""

import re
from dataclasses import replace

import numpy as np
import pytest

from gankit import plugins, training
from gankit.contract import Batch, random_inputs, scalars
from gankit.errors import ConfigError
from gankit.testing import images
from gankit.testing.full_problems import with_all_features
from gankit.testing.harness import Setup
from gankit.testing.problems import SIMPLE, full
from tests.paths import DOCS
from tests.selection import selected

BACKENDS = [name for name in ("numpy", "torch", "keras") if selected(name)]
PAGE = DOCS / "api" / "authors.md"
each_backend = pytest.mark.parametrize("name", BACKENDS)
each_step = pytest.mark.parametrize("step", ["update_discriminator", "update_generator"])


def refusal(name, problem, step, **changes):
    """Return the error of a step on the first batch with `changes`."""
    trainer = plugins.get_backend(name).trainer(problem)
    batch = replace(Setup(problem, images()).batch(), **changes)
    with pytest.raises(ConfigError) as refused:
        getattr(trainer, step)(batch)
    return str(refused.value)


@each_backend
@each_step
def test_a_batch_without_scalars_is_refused_with_all_their_names_and_the_remedy(name, step):
    problem = full(plugins.get_backend(name))
    said = refusal(name, problem, step, scalars={"average": 0.5})
    missing = [name for name in scalars.names(problem) if name != "average"]
    assert f"the batch lacks scalars {', '.join(missing)};" in said
    assert "gankit.training.plan" in said


@each_backend
def test_a_batch_without_random_inputs_is_refused_with_their_names(name):
    problem = replace(SIMPLE, instance_noise=0.1)
    said = refusal(name, problem, "update_discriminator", random={})
    assert "lacks random inputs instance/real, instance/fake;" in said


@each_backend
def test_a_batch_without_a_key_is_refused_if_networks_have_dropout(name):
    said = refusal(name, full(plugins.get_backend(name)), "update_discriminator", key=None)
    assert "lacks a key, gankit.contract.random_streams.StepKey(seed, step, update)" in said


@each_backend
def test_a_handmade_batch_needs_only_the_inputs_of_its_problem(name):
    batch = Setup(SIMPLE, images()).batch()
    given = Batch(
        batch.real, batch.noise, None, {}, dict.fromkeys(scalars.names(SIMPLE), 0.1), None
    )
    trainer = plugins.get_backend(name).trainer(SIMPLE)
    assert np.isfinite(float(trainer.update_discriminator(given)))
    assert np.isfinite(float(trainer.update_generator(given)))


@pytest.mark.parametrize("name", [name for name in BACKENDS if name != "numpy"])
def test_a_block_without_scalars_is_refused_with_their_names(name):
    block = replace(Setup(SIMPLE, images()).steps(0, 2), scalars={})
    trainer = plugins.get_backend(name).trainer(SIMPLE)
    trainer.place(images(), None)
    with pytest.raises(ConfigError, match="the block lacks scalars generator/learning_rate"):
        trainer.train_block(block)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"images": images()[:5]}, "shape (5, 28, 28, 1), uint8; expected a whole number from 1"),
        ({"images": 0}, "images: got 0; expected a whole number from 1"),
        ({"images": 2.5}, "images: got 2.5"),
        ({"images": None}, "images: got None"),
        ({"start": -1}, "start: got -1; expected a whole number, at least 0"),
        ({"steps": 1.5}, "steps: got 1.5"),
    ],
    ids=lambda value: "".join(value) if isinstance(value, dict) else None,
)
def test_impossible_plan_arguments_are_refused_in_one_line(changes, said):
    arguments = {"images": 5, "start": 0, "steps": 1} | changes
    with pytest.raises(ConfigError) as refused:
        training.plan(SIMPLE, training.StepShape(4), **arguments)
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_the_page_lists_every_name_of_scalars_and_random_inputs():
    listed = set(re.findall(r"`([a-z0-9_]+(?:/[a-z0-9_]+)*)`", PAGE.read_text("utf-8")))
    numpy = plugins.get_backend("numpy")
    for family in ("classifier", "projection"):
        problem = replace(with_all_features(numpy, family), instance_noise=0.1, flip=True)
        found = {*scalars.names(problem), *random_inputs.layout(problem)}
        plain = {
            re.sub("/(fake|again)/", "/real/", re.sub(r"penalty/\d+", "penalty/0", name))
            for name in found
        }
        plain = {re.sub("instance/(fake|again)", "instance/real", name) for name in plain}
        gates = {name for name in plain if name.endswith("/gate")}
        assert plain - gates <= listed
        assert not gates or "augment/real/brightness/gate" in listed
