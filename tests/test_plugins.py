"""Plugins from elsewhere: what they add, and that a broken one harms nothing but itself."""

from __future__ import annotations

import importlib
import itertools
import sys
import warnings

import pytest

from gankit import plugins
from gankit.cli import main
from gankit.errors import BackendUnavailable, ExitCode, PluginError, UnknownBackend, UnknownName

OURS = {"numpy", "torch", "keras"}
COUNT = itertools.count()

BACKEND = """
from gankit import hookimpl
from gankit.backend import Backend

def build(problem):
    from gankit.plugins import get_backend
    return get_backend("numpy").trainer(problem)

@hookimpl
def gankit_backends():
    return [Backend("mine", (), build, frozenset({"float32"}), api=API)]
"""
GOOD = BACKEND.replace("api=API", "api=1")
BROKEN_AT_LOADING = {
    "import error": ("import no_such_module_here", "no_such_module_here"),
    "syntax error": ("def (:", "SyntaxError"),
    "exit at import": ("raise SystemExit('not on this machine')", "not on this machine"),
    "any error at import": ("1 / 0", "ZeroDivisionError"),
    "misspelt hook": (
        GOOD.replace("def gankit_backends", "def gankit_backend"), "did you mean 'gankit_backends'"
    ),
    "no hook": ("x = 1", "implements no hook"),
}  # fmt: skip
BROKEN_WHEN_ASKED = {
    "wrong API": (BACKEND.replace("api=API", "api=99"), "API 99"),
    "a raising hook": (GOOD.replace("    return", "    1 / 0\n    return"), "ZeroDivisionError"),
    "an exiting hook": (
        GOOD.replace("    return [", "    raise SystemExit(3)\n    return ["), "SystemExit"
    ),
    "a hook that returns a number": (GOOD.replace("return [", "return 3 or ["), "returned 3"),
    "a hook that returns nothing": (GOOD.replace("return [", "return None and ["), "None"),
    "a hook that returns text": (GOOD.replace("return [", "return ['mine'] or ["), "str"),
}  # fmt: skip
BROKEN = BROKEN_AT_LOADING | BROKEN_WHEN_ASKED


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return what installs a distribution of one module: its folders, as pip leaves them."""
    monkeypatch.delenv(plugins.STRICT, raising=False)
    site = tmp_path / "site"
    site.mkdir()
    modules = []

    def forget():
        plugins.manager.cache_clear()
        plugins._discover.cache_clear()
        importlib.invalidate_caches()

    def put(source, name="mine", distribution="acme-gan", attribute=""):
        module = f"acme_{next(COUNT)}"
        modules.append(module)
        (site / f"{module}.py").write_text(source, "utf-8")
        info = site / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n", "utf-8"
        )
        (info / "entry_points.txt").write_text(f"[gankit]\n{name} = {module}{attribute}\n", "utf-8")
        forget()

    monkeypatch.syspath_prepend(str(site))
    yield put
    for module in modules:
        sys.modules.pop(module, None)
    monkeypatch.undo()
    forget()


@pytest.fixture
def command(capsys, tmp_path, monkeypatch):
    """Return what runs the command: its exit code, standard output and error."""
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


def test_a_good_plugin_offers_its_backend_beside_ours(install):
    install(GOOD)
    found, said = complaints(plugins.backends)
    assert set(found) >= OURS | {"mine"}
    assert said == []


@pytest.mark.parametrize(("source", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_gives_one_line_and_the_others_go_on_working(install, source, reason):
    install(source)
    found, said = complaints(plugins.backends)
    assert set(found) >= OURS
    assert "mine" not in found
    assert len(said) == 1
    assert reason in said[0]
    assert "acme-gan" in said[0]
    assert "\n" not in said[0]


@pytest.mark.parametrize(("source", "reason"), BROKEN.values(), ids=BROKEN)
def test_asking_for_a_broken_backend_says_why_it_cannot_be_had(install, source, reason):
    install(source)
    with pytest.raises(BackendUnavailable) as raised:
        complaints(lambda: plugins.get_backend("mine"))
    assert reason in str(raised.value)
    assert raised.value.exit_code == 5


@pytest.mark.parametrize(("source", "reason"), BROKEN.values(), ids=BROKEN)
def test_authors_of_plugins_can_have_an_error_instead(install, monkeypatch, source, reason):
    install(source)
    monkeypatch.setenv(plugins.STRICT, "1")
    with pytest.raises(PluginError, match=reason):
        plugins.backends()


def test_an_entry_point_to_an_attribute_that_is_not_there_gives_one_line(install):
    install(GOOD, attribute=":nothing")
    found, said = complaints(plugins.backends)
    assert set(found) >= OURS
    assert len(said) == 1
    assert "nothing" in said[0]
    assert "acme-gan 1.2" in said[0]


def test_a_plugin_with_the_name_of_ours_is_left_out_and_ours_stays(install):
    install(GOOD, name="torch")
    found, said = complaints(plugins.backends)
    assert "mine" not in found
    assert found["torch"].requires == ("torch",)
    assert len(said) == 1
    assert "acme-gan" in said[0]
    assert "of gankit" in said[0]


def test_of_two_plugins_with_one_name_the_first_stays(install):
    install(GOOD, distribution="acme-gan")
    install(GOOD.replace('"mine"', '"other"'), distribution="zeta-gan")
    found, said = complaints(plugins.backends)
    assert "mine" in found
    assert "other" not in found
    assert len(said) == 1
    assert "zeta-gan" in said[0]
    assert "acme-gan" in said[0]


def test_a_backend_with_the_name_of_ours_does_not_take_its_place(install):
    install(GOOD.replace('"mine"', '"numpy"'))
    found, said = complaints(plugins.backends)
    assert found["numpy"].build.__module__ == "gankit_numpy"
    assert len(said) == 1
    assert "'numpy'" in said[0]


@pytest.mark.parametrize(
    ("hook", "thing", "listed", "name"),
    [
        ("losses", "from gankit.losses import HINGE as thing", plugins.losses, "hinge"),
        ("datasets", "from gankit.data.glyphs import DATASET as thing", plugins.datasets, "glyphs"),
    ],
    ids=["loss", "dataset"],
)
def test_what_is_built_in_is_not_replaced_in_silence(install, hook, thing, listed, name):
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


@pytest.mark.parametrize("hook", ["datasets", "losses", "commands"])
def test_any_hook_that_raises_gives_one_line_and_the_rest_stays(install, hook):
    install(f"import gankit\n@gankit.hookimpl\ndef gankit_{hook}():\n    raise OSError('gone')\n")
    found, said = complaints(getattr(plugins, hook))
    assert found == {} if hook == "commands" else {"mnist", "hinge"} & set(found)
    assert len(said) == 1
    assert "gone" in said[0]
    assert "acme-gan" in said[0]


def test_a_callback_hook_that_raises_gives_one_line_and_the_run_goes_on(install):
    install("""
import gankit
@gankit.hookimpl
def gankit_callbacks(config):
    raise OSError("gone")
""")
    found, said = complaints(lambda: plugins.callbacks(None))
    assert found == []
    assert len(said) == 1
    assert "gone" in said[0]


def test_an_unknown_backend_is_told_from_a_broken_one(install):
    install("1 / 0")
    with pytest.raises(UnknownBackend, match="did you mean 'torch'") as raised:
        complaints(lambda: plugins.get_backend("tourch"))
    assert raised.value.exit_code == 2


def test_a_backend_without_its_framework_names_the_module_and_the_remedy(install):
    install(
        GOOD.replace("(), build", "('no_such_framework',), build").replace(
            "api=1", "api=1, remedy='pip install acme-gan[all]'"
        )
    )
    with pytest.raises(BackendUnavailable, match=r"no_such_framework.*pip install acme-gan\[all\]"):
        plugins.get_backend("mine")


@pytest.mark.parametrize("getter", [plugins.get_dataset, plugins.get_loss])
def test_an_unknown_name_lists_what_is_known(getter):
    with pytest.raises(UnknownName, match=r"unknown .* 'nothing'; known: .*(mnist|hinge)"):
        getter("nothing")


# Through the command.


def test_the_command_goes_on_beside_a_broken_plugin_and_says_so_once(install, command):
    install("1 / 0")
    code, out, err = command("backends")
    assert code == ExitCode.OK
    assert "numpy" in out
    assert [line for line in err.splitlines() if "acme-gan" in line] == err.splitlines()
    assert len(err.splitlines()) == 1
    assert err.startswith("gankit: warning: ")


def test_training_with_a_broken_backend_ends_with_exit_code_5(install, command):
    install("1 / 0")
    code, out, err = command("train", "--backend", "mine", "--dataset", "glyphs")
    assert code == ExitCode.BACKEND
    assert out == ""
    assert "ZeroDivisionError" in err.splitlines()[-1]


EVERYTHING = """
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

    def edge(self, step):
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

@click.command("hello")
@click.option("--name", default="you")
def hello(name):
    "Say hello."
    click.echo(f"hello {name}")

@hookimpl
def gankit_commands():
    return [hello]
"""
TINY = """
latent = 2
rounds_per_epoch = 2
[generator]
layers = [{ layer = "dense", units = 4 }, { layer = "reshape", shape = [2, 2, 1] }]
[discriminator]
layers = [{ layer = "flatten" }, { layer = "dense", units = 1 }]
"""


def test_a_plugins_data_set_loss_and_callback_work_in_a_run(install, command, tmp_path):
    install(EVERYTHING)
    (tmp_path / "tiny.toml").write_text(TINY, "utf-8")
    code, out, err = command(
        "train", "--config", "tiny.toml", "--backend", "numpy", "--dataset", "counted", "--set",
        "loss=steep", "--steps", "3", "--batch", "2", "--out", "run",
    )  # fmt: skip
    assert (code, out) == (ExitCode.OK, "run\n"), err
    assert (tmp_path / "told.txt").read_text("utf-8").splitlines() == [
        "steep 1", "steep 2", "steep 3"
    ]  # fmt: skip
    assert "counted by acme" in (tmp_path / "run" / "environment.json").read_text("utf-8")


def test_a_plugins_command_runs(install, command):
    install(EVERYTHING)
    assert command("hello", "--name", "Ada") == (ExitCode.OK, "hello Ada\n", "")


def test_a_plugins_command_stands_in_the_help(install, command):
    install(EVERYTHING)
    code, out, _ = command("--help")
    assert code == ExitCode.OK
    assert any(line.split() == ["hello", "Say", "hello."] for line in out.splitlines())


def test_a_plugins_data_set_is_listed(install, command):
    install(EVERYTHING)
    code, out, _ = command("data", "list")
    assert code == ExitCode.OK
    assert "2x2 images that count" in out


def test_a_plugins_backend_trains(install, command, tmp_path):
    install(GOOD)
    install(EVERYTHING, name="more", distribution="acme-more")
    (tmp_path / "tiny.toml").write_text(TINY, "utf-8")
    code, _, err = command(
        "train", "--config", "tiny.toml", "--backend", "mine", "--dataset", "counted", "--steps",
        "2", "--batch", "2", "--out", "run",
    )  # fmt: skip
    assert code == ExitCode.OK, err
    assert 'backend = "mine"' in (tmp_path / "run" / "config.toml").read_text("utf-8")
