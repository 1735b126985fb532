"""Third-party plugins: what they add; tests/crash has the broken ones."""

from __future__ import annotations

import importlib
import itertools
import sys
import tomllib
import warnings

import pytest

from gankit import plugins
from gankit.cli import main
from gankit.contract import CAPABILITIES
from gankit.errors import BackendUnavailable, ExitCode, PluginError, UnknownBackend, UnknownName
from gankit.plugins import loader
from tests.crash import broken_plugins
from tests.crash.broken_plugins import BACKENDS, GOOD
from tests.short_runs import train

OURS = {"numpy", "torch", "keras"}
COUNT = itertools.count()


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a distribution of one module, as pip does."""
    monkeypatch.delenv(plugins.STRICT, raising=False)
    site = tmp_path / "site"
    modules = []

    def forget():
        plugins.manager.cache_clear()
        loader._discover.cache_clear()
        importlib.invalidate_caches()

    def put(source, name="mine", distribution="acme-gan", attribute=""):
        module = f"acme_{next(COUNT)}"
        modules.append(module)
        broken_plugins.install(
            site, module, source, name=name, distribution=distribution, attribute=attribute
        )
        forget()

    monkeypatch.syspath_prepend(str(site))
    yield put
    for module in modules:
        sys.modules.pop(module, None)
    monkeypatch.undo()
    forget()


@pytest.fixture
def command(capsys, tmp_path, monkeypatch):
    """Return a function that runs the command: exit code, standard output and error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            with pytest.raises(SystemExit) as ended:
                main([str(argument) for argument in arguments])
        return ended.value.code, *capsys.readouterr()

    return run


def complaints(function):
    """Call a function; return what it returned and the warnings about plugins."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = function()
    return result, [str(w.message) for w in caught if issubclass(w.category, plugins.PluginWarning)]


def test_a_valid_plugin_adds_its_backend(install):
    install(GOOD)
    found, said = complaints(plugins.backends)
    assert set(found) >= OURS | {"mine"}
    assert said == []


@pytest.mark.parametrize(("source", "reason"), BACKENDS.values(), ids=BACKENDS)
def test_authors_of_plugins_can_get_an_error_instead_of_a_warning(
    install, monkeypatch, source, reason
):
    install(source)
    monkeypatch.setenv(plugins.STRICT, "1")
    with pytest.raises(PluginError, match=reason):
        plugins.backends()


UNKNOWN = GOOD.replace('{"float32"}', '{"convs"}')


@pytest.mark.parametrize(
    ("source", "end"),
    [
        (UNKNOWN, f"; expected some of {', '.join(sorted(CAPABILITIES))}"),
        (GOOD.replace("api=1", "api=2"), "got 2; expected 1, the contract version of this gankit"),
        (f"raise ValueError({'x' * 400!r})", f"ValueError: {'x' * 300}..."),
    ],
    ids=["capability", "api", "a long message"],
)
def test_a_warning_has_the_complete_reason_and_one_remedy(install, source, end):
    install(source)
    _, (said,) = complaints(plugins.backends)
    reason, _, remedy = said.rpartition("; ")
    assert reason.partition(" (acme_")[0].endswith(end)
    assert remedy == "upgrade acme-gan, or uninstall it"


def test_an_entry_point_that_names_no_module_is_told(install):
    install(GOOD, attribute=" is not a module!!")
    _, (said,) = complaints(plugins.backends)
    assert "PluginError: entry point mine: got 'acme_" in said
    assert " is not a module!!'; expected MODULE or MODULE:OBJECT; upgrade acme-gan" in said


def test_a_distribution_without_metadata_is_told_as_unknown(install, tmp_path):
    install("1 / 0")
    (tmp_path / "site" / "acme_gan-1.2.dist-info" / "METADATA").write_text("", "utf-8")
    _, (said,) = complaints(plugins.backends)
    assert said.startswith("plugin 'mine' of ? ? is left out: ZeroDivisionError")
    assert said.endswith("; upgrade its package, or uninstall it")
    assert train(steps=1, out=tmp_path / "run").step == 1


def test_a_plugin_with_a_built_in_name_is_left_out(install):
    install(GOOD, name="torch")
    found, said = complaints(plugins.backends)
    assert "mine" not in found
    assert found["torch"].requires == ("torch",)
    assert len(said) == 1
    assert "acme-gan" in said[0]
    assert "of gankit" in said[0]


@pytest.mark.parametrize(
    ("hook", "thing", "listed", "name"),
    [
        ("losses", "from gankit.losses import HINGE as thing", plugins.losses, "hinge"),
        ("datasets", "from gankit.data.glyphs import DATASET as thing", plugins.datasets, "glyphs"),
    ],
    ids=["loss", "dataset"],
)
def test_a_built_in_object_is_not_replaced_silently(install, hook, thing, listed, name):
    before = listed()[name]
    install(f"""
import dataclasses
from gankit import hookimpl
{thing}

@hookimpl
def gankit_{hook}():
    return [dataclasses.replace(thing)]
""")
    found, said = complaints(listed)
    assert found[name] is before
    assert len(said) == 1
    assert repr(name) in said[0]


def test_unknown_and_broken_backends_have_different_errors(install):
    install("1 / 0")
    with pytest.raises(UnknownBackend, match="did you mean 'torch'") as raised:
        complaints(lambda: plugins.get_backend("tourch"))
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    ("source", "raised"),
    [
        ("{}['units']", KeyError),
        (GOOD.replace("    return", "    1 / 0\n    return"), ZeroDivisionError),
    ],
    ids=["at import", "when asked"],
)
def test_a_plugins_error_is_shown_with_its_line(install, source, raised):
    install(source)
    with pytest.raises(PluginError, match=rf"{raised.__name__}: .* \(acme_\d+\.py, line") as told:
        complaints(lambda: plugins.get_backend("mine"))
    assert isinstance(told.value.__cause__, raised)


def test_a_plugin_whose_library_is_missing_makes_its_backend_unavailable(install):
    install("import no_such_module_here")
    with pytest.raises(BackendUnavailable, match="no_such_module_here") as told:
        complaints(lambda: plugins.get_backend("mine"))
    assert isinstance(told.value.__cause__, ImportError)


@pytest.mark.parametrize("getter", [plugins.get_dataset, plugins.get_loss])
def test_an_unknown_name_lists_what_is_known(getter):
    with pytest.raises(UnknownName, match=r"unknown .* 'nothing'; known: .*(mnist|hinge)"):
        getter("nothing")


# Through the command.


EVERYTHING = '''
from pathlib import Path

import click
import numpy as np
from gankit import hookimpl
from gankit.data import Dataset, ImageSet
from gankit.losses import Loss

def load(folder):
    images = np.arange(40, dtype=np.uint8).reshape(10, 2, 2, 1)
    return ImageSet(images, None, "counted by acme")

class Told:
    def __init__(self, config):
        self.config = config

    def next_boundary(self, step):
        return step + 1

    def __call__(self, progress):
        with Path("told.txt").open("a") as file:
            print(self.config.loss, progress.step, file=file)

@hookimpl
def gankit_datasets():
    yield Dataset("counted", "2x2 images that count", load)

@hookimpl
def gankit_losses():
    yield Loss("steep", lambda ops, real, fake: ops.mean(fake) - ops.mean(real),
               lambda ops, _real, fake: -2 * ops.mean(fake))

@hookimpl
def gankit_callbacks(config):
    return [Told(config)]

@hookimpl
def gankit_penalties():
    from gankit.penalties import NamedPenalty, Penalty
    return [NamedPenalty("gentle", Penalty("real", target=0.0, weight=0.5, every=2))]

@hookimpl
def gankit_recipes():
    from gankit.recipes import Recipe
    path = Path(__file__).with_name("tiny.toml")
    path.write_text(TINY, "utf-8")
    return [Recipe.read(path)]

TINY = """
summary = "four numbers make a picture"
latent = 2
loss = "steep"
penalties = ["gentle"]
batch = 2
epochs = 1
[generator]
layers = [{ layer = "dense", units = 4 }, { layer = "reshape", shape = [2, 2, 1] }]
optimizer = { optimizer = "sgd", learning_rate = 0.1 }
[discriminator]
layers = [{ layer = "flatten" }, { layer = "dense", units = 1 }]
optimizer = { optimizer = "sgd", learning_rate = 0.1 }
"""

@click.command("hello")
@click.option("--name", default="you")
def hello(name):
    "Say hello."
    click.echo(f"hello {name}")

@hookimpl
def gankit_commands():
    return [hello]
'''
TINY = """
latent = 2
steps_per_epoch = 2
[generator]
layers = [{ layer = "dense", units = 4 }, { layer = "reshape", shape = [2, 2, 1] }]
[discriminator]
layers = [{ layer = "flatten" }, { layer = "dense", units = 1 }]
"""


def test_a_plugins_data_set_loss_and_callback_work_in_a_run(install, command, tmp_path):
    install(EVERYTHING)
    (tmp_path / "tiny.toml").write_text(TINY, "utf-8")
    options = "--config tiny.toml --backend numpy --dataset counted --set loss=steep"
    sizes = "--steps 3 --batch 2 --out run"
    code, out, err = command("train", *options.split(), *sizes.split())
    assert (code, out) == (ExitCode.OK, "run\n"), err
    assert (tmp_path / "told.txt").read_text("utf-8").splitlines() == [
        "steep 1",
        "steep 2",
        "steep 3",
    ]
    assert "counted by acme" in (tmp_path / "run" / "environment.json").read_text("utf-8")


def test_a_plugins_recipe_is_listed_shown_and_trained(install, command, tmp_path):
    install(EVERYTHING)
    code, out, _ = command("recipes", "list")
    assert code == ExitCode.OK
    assert out.splitlines()[-1].split(maxsplit=1) == ["tiny", "four numbers make a picture"]
    assert 'loss = "steep"' in command("recipes", "show", "tiny")[1]
    options = "--recipe tiny --backend numpy --dataset counted --steps 2 --out run"
    code, _, err = command("train", *options.split())
    assert code == ExitCode.OK, err
    assert 'recipe = "tiny"' in (tmp_path / "run" / "config.toml").read_text("utf-8")
    assert run_penalties(tmp_path) == [
        {"where": "real", "target": 0.0, "weight": 0.5, "epsilon": 1e-10, "every": 2, "power": 2.0}
    ]
    more = options.replace("2", "3").split()
    assert command("train", *more, "--resume", "auto")[0] == ExitCode.OK


def run_penalties(folder):
    text = (folder / "run" / "config.toml").read_text("utf-8")
    return tomllib.loads(text)["penalties"]


def test_a_plugins_penalty_is_named_on_the_command_line(install, command, tmp_path):
    install(EVERYTHING)
    assignments = 'penalties=[{penalty="gentle", weight=3}]'
    options = "--recipe tiny --backend numpy --dataset counted --steps 1 --out run --set"
    code, _, err = command("train", *options.split(), assignments)
    assert code == ExitCode.OK, err
    assert [(one["weight"], one["every"]) for one in run_penalties(tmp_path)] == [(3.0, 2)]
    code, _, err = command("train", *options.split(), "penalties=gentler")
    assert code == ExitCode.USAGE
    assert "unknown plugin penalty 'gentler'; known: gentle (did you mean 'gentle'?)" in err


def test_a_built_in_recipe_is_not_replaced_silently(install):
    install("""
from gankit import hookimpl
from gankit.recipes import Recipe, recipe

@hookimpl
def gankit_recipes():
    return [Recipe("dcgan", recipe("simple").text)]
""")
    found, said = complaints(plugins.recipes)
    assert found["dcgan"].summary.startswith("convolutional")
    assert len(said) == 1
    assert "name of a recipe: got 'dcgan', the name of another recipe; rename it" in said[0]


FEATURES = """
from gankit import hookimpl

class Brightness:
    name = {name!r}
    {call}

@hookimpl
def gankit_features():
    {returns}
"""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"returns": "1 / 0"}, "ZeroDivisionError: division by zero"),
        ({"returns": "return 3"}, "gankit_features: got 3; expected a list"),
        ({"returns": "return [3]"}, "features: got 3; expected a gankit.evaluation.Features"),
        ({"returns": "return [Brightness]"}, "features: got the class Brightness; expected a"),
        ({"call": "pass"}, "expected a gankit.evaluation.Features"),
        ({"name": "two words"}, "name of features: got 'two words'; expected letters"),
    ],
    ids=["right", "raises", "number", "no features", "class", "no function", "name"],
)
def test_features_that_are_not_valid_are_left_out_with_one_warning(install, changes, reason):
    right = {
        "name": "mine",
        "call": "def __call__(self, images): return images.mean(axis=(1, 2))",
        "returns": "return [Brightness()]",
    }
    install(FEATURES.format(**(right | changes)))
    found, said = complaints(plugins.features)
    assert list(found) == ([] if reason else ["mine"])
    assert len(said) == (1 if reason else 0)
    if reason:
        assert said[0].startswith("plugin 'mine' of acme-gan 1.2 is left out: ")
        assert reason in said[0]


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("3", "gankit_penalties: got 3; expected a list"),
        ("[penalty]", "penalty: got gankit Penalty; expected a gankit.penalties.NamedPenalty"),
        ("[NamedPenalty('mine', 3)]", "penalty of penalty 'mine': got 3; expected a gankit."),
        ("[NamedPenalty('a b', penalty)]", "name of a penalty: got 'a b'; expected letters"),
        ("2 * [NamedPenalty('a', penalty)]", "got 'a', the name of another penalty; rename it"),
    ],
)
def test_penalties_that_are_not_valid_are_left_out_with_one_warning(install, returned, reason):
    install(f"""
from gankit import hookimpl
from gankit.penalties import NamedPenalty, Penalty

penalty = Penalty("real", target=0.0, weight=1.0)

@hookimpl
def gankit_penalties():
    return {returned}
""")
    _, said = complaints(plugins.penalties)
    assert len(said) == 1
    assert said[0].startswith("plugin 'mine' of acme-gan 1.2 is left out: ")
    assert reason in said[0]


def test_a_plugins_command_runs(install, command):
    install(EVERYTHING)
    assert command("hello", "--name", "Ada") == (ExitCode.OK, "hello Ada\n", "")


def test_a_plugins_command_is_in_the_help(install, command):
    install(EVERYTHING)
    code, out, _ = command("--help")
    assert code == ExitCode.OK
    assert any(line.split() == ["hello", "Say", "hello."] for line in out.splitlines())


def test_a_plugins_command_with_the_name_of_gankits_own_is_left_out(install, command):
    install(EVERYTHING.replace('"hello"', '"train"'))
    found, said = complaints(plugins.commands)
    assert not found
    assert len(said) == 1
    assert "name of a command: got 'train', a command of gankit; rename it" in said[0]
    code, out, err = command("--help")
    assert code == ExitCode.OK
    assert [line.split()[0] for line in out.splitlines() if line.strip()].count("train") == 1
    assert "plugin 'mine' of acme-gan 1.2 is left out" in err


def test_a_plugins_data_set_is_listed(install, command):
    install(EVERYTHING)
    code, out, _ = command("data", "list")
    assert code == ExitCode.OK
    assert "2x2 images that count" in out


def test_a_plugins_backend_trains(install, command, tmp_path):
    install(GOOD)
    install(EVERYTHING, name="more", distribution="acme-more")
    (tmp_path / "tiny.toml").write_text(TINY, "utf-8")
    options = "--config tiny.toml --backend mine --dataset counted --steps 2 --batch 2 --out run"
    code, _, err = command("train", *options.split())
    assert code == ExitCode.OK, err
    assert 'backend = "mine"' in (tmp_path / "run" / "config.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("built", "told"),
    [
        ("None", "got None, without update_discriminator, update_generator, state, load_state;"),
        ("Stateless(problem)", "Stateless, without state;"),
    ],
)
def test_what_is_no_trainer_is_refused_with_its_backend(install, built, told):
    install(f"""
from gankit import hookimpl
from gankit.contract import Backend
from gankit_numpy.trainer import NumpyTrainer

class Stateless(NumpyTrainer):
    state = None

@hookimpl
def gankit_backends():
    return [Backend("mine", (), lambda problem: {built}, frozenset({{"float32"}}), 1)]
""")
    with pytest.raises(PluginError) as raised:
        train(backend="mine", steps=1)
    assert str(raised.value).startswith("build of backend 'mine': got ")
    assert f"{told} expected a gankit.contract.Trainer" in str(raised.value)
