"""Registering losses, data sets, backends and plugins at run time."""

from __future__ import annotations

import dataclasses
import types

import numpy as np
import pytest

import gankit
from gankit import plugins
from gankit.contract import Backend
from gankit.data import Dataset
from gankit.errors import ConfigError, PluginError
from gankit.penalties import NamedPenalty, Penalty
from gankit.recipes import Recipe, recipe
from tests.short_runs import refusal, steep, train


def numbered(_folder):
    from gankit.data import ImageSet

    images = np.random.default_rng(0).integers(0, 256, (9, 28, 28, 1), np.uint8)
    return ImageSet(images, None, "made here")


def test_registered_objects_are_found_by_name(registered):
    numpy = gankit.get_backend("numpy")
    registered(steep(name="soft"))
    registered(Dataset("noise", "random pictures", numbered))
    registered(dataclasses.replace(numpy, name="mine"))
    run = train(loss="soft", dataset="noise", backend="mine", steps=1)
    assert (run.config.loss, run.config.dataset, run.config.backend) == ("soft", "noise", "mine")


def test_a_registered_loss_can_be_resumed_by_its_name(registered, tmp_path):
    registered(steep(name="soft"))
    train(loss="soft", out=tmp_path / "run")
    assert gankit.train(out=tmp_path / "run", resume=True, steps=4).step == 4


def test_a_data_set_that_is_not_registered_is_refused_with_the_remedy(registered):
    blank = Dataset("noise", "random pictures", numbered)
    assert "gankit.register(dataset)" in refusal(lambda: train(dataset=blank))
    registered(blank)
    assert train(dataset=blank, steps=1).config.dataset == "noise"


def test_a_registered_recipe_is_trained_by_its_name(registered):
    registered(Recipe("quiet", recipe("simple").text.replace("batch = 128", "batch = 2")))
    run = gankit.train("quiet", backend="numpy", dataset="glyphs", steps=1)
    assert (run.config.recipe, run.config.batch) == ("quiet", 2)


def test_a_registered_penalty_is_named_in_settings(registered, tmp_path):
    registered(NamedPenalty("gentle", Penalty("real", 0.0, 0.5, every=2)))
    assert train(penalties="gentle", steps=1).problem.penalties == (
        Penalty("real", 0.0, 0.5, every=2),
    )
    both = ["Gentle", {"penalty": "gentle", "where": "fake", "weight": 3}]
    run = train(penalties=both, steps=1, out=tmp_path / "run")
    assert run.problem.penalties == (
        Penalty("real", 0.0, 0.5, every=2),
        Penalty("fake", 0.0, 3, every=2),
    )
    assert "gentle" not in (tmp_path / "run" / "config.toml").read_text("utf-8")


def test_an_unknown_penalty_is_refused_with_the_known_ones(registered):
    registered(NamedPenalty("gentle", Penalty("real", 0.0, 0.5)))
    said = refusal(lambda: train(penalties=["gentel"]))
    assert said == "unknown plugin penalty 'gentel'; known: gentle (did you mean 'gentle'?)"


def test_all_hooks_of_a_module_are_registered(registered):
    module = types.ModuleType("mine")
    module.gankit_losses = gankit.hookimpl(lambda: [steep(name="soft"), steep(name="hard")])
    seen = []
    module.gankit_callbacks = gankit.hookimpl(lambda: [lambda progress: seen.append(progress.step)])
    registered(module)
    registered(module)
    train(loss="hard")
    assert {"soft", "hard"} <= plugins.losses().keys()
    assert seen == [1, 2, 3]


@pytest.fixture
def seen(registered):
    """Register a module whose callbacks take settings; return those that its hook was given."""
    seen, module = [], types.ModuleType("mine")

    def offered(settings):
        if "every" in settings and settings["every"] < 1:
            raise ConfigError("plugins.mine.every: got 0; expected 1 or more")
        seen.append(settings)
        return []

    module.gankit_callbacks = gankit.hookimpl(offered)
    registered(module)
    return seen


def test_a_plugin_is_given_its_settings_which_the_run_records(seen, tmp_path):
    train(steps=1)
    run = train(steps=1, plugins={"mine": {"every": 2, "name": "a"}}, out=tmp_path / "run")
    gankit.train(out=tmp_path / "run", resume=True, steps=2)
    gankit.train(out=tmp_path / "run", resume=True, steps=3, plugins={"mine": {"every": 4}})
    settings = {"every": 2, "name": "a"}
    assert seen == [{}, settings, settings, {"every": 4, "name": "a"}]
    assert "[plugins.mine]\nevery = 2" in run.config.to_toml()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"mine": {"every": 0}}, "plugins.mine.every: got 0; expected 1 or more"),
        (
            {"nine": {"every": 1}},
            "plugins.nine: got settings for a plugin that takes none or is not installed; "
            "expected mine",
        ),
        (
            {"mine": {"every": None}},
            "plugins.mine.every: got None; expected a value that TOML can hold",
        ),
        (
            {"mine": {"names": ["a", None]}},
            "plugins.mine.names.1: got None; expected a value that TOML can hold",
        ),
    ],
)
def test_wrong_settings_of_a_plugin_are_refused_before_anything_is_written(
    seen, tmp_path, settings, told
):
    assert refusal(lambda: train(plugins=settings, out=tmp_path / "run")) == told
    assert not seen
    assert not (tmp_path / "run").exists()


def test_an_object_with_hooks_is_registered(registered):
    class Mine:
        @gankit.hookimpl
        def gankit_losses(self):
            yield steep(name="soft")

    registered(Mine())
    assert "soft" in plugins.losses()


def test_registering_a_name_again_replaces_what_was_registered(registered):
    registered(steep(1.0, "soft"))
    registered(again := steep(2.0, "soft"))
    assert plugins.get_loss("soft") is again


@pytest.mark.parametrize(
    ("offered", "told"),
    [
        (steep(name="hinge"), "register: name of a loss: got 'hinge', the name of another loss"),
        (steep(name="two words"), "name of a loss: got 'two words'; expected letters"),
        (Recipe("mine", "latent = 3"), "register: recipe 'mine': 'generator' is missing"),
        (NamedPenalty("mine", 3), "register: penalty of penalty 'mine': got 3; expected a gankit."),
        (Backend("mine", (), len, api=99), "got 99; expected 1"),
        (3, "register: builtins.int: got no hook"),
        (types.ModuleType("empty"), "register: empty: got no hook"),
    ],
    ids=range(7),
)
def test_invalid_objects_are_refused_and_not_registered(offered, told):
    before = plugins.manager().get_plugins()
    assert told in refusal(lambda: gankit.register(offered), PluginError)
    assert plugins.manager().get_plugins() == before


def test_an_error_in_a_hook_is_raised_unchanged_and_registers_nothing():
    module = types.ModuleType("mine")
    module.gankit_losses = gankit.hookimpl(lambda: 1 / 0)
    before = plugins.manager().get_plugins()
    with pytest.raises(ZeroDivisionError):
        gankit.register(module)
    assert plugins.manager().get_plugins() == before
