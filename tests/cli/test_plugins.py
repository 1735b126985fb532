"""`gankit plugins`: a new backend from a template, the list, and the check."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.machinery import PathFinder
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from gankit import plugins
from gankit.cli.check_report import as_data, row
from gankit.cli.commands.plugins import KINDS as KINDS_OFFERED
from gankit.cli.commands.plugins import LEVELS as CHOICES
from gankit.errors import ExitCode
from gankit.losses import BUILTIN
from gankit.plugins import loader, scaffold
from gankit.testing import levels
from gankit.testing.clauses.integration import IntegrationClauses
from gankit.testing.full_problems import FAMILIES
from gankit.testing.runner.check import Check, summed
from tests.crash.broken_plugins import GOOD
from tests.paths import ROOT
from tests.wrong_backends import WRONG_BACKENDS

KEYS = {"kind", "name", "distribution", "version", "api", "status", "reason", "missing"}
FAULTY = """
import ctypes, os, time, warnings
from gankit import hookimpl
from gankit.contract import Backend

def reference(problem):
    from gankit.plugins import get_backend
    return get_backend("numpy").trainer(problem)

def crashes(problem):
    trainer = reference(problem)
    trainer.update_generator = lambda batch: ctypes.string_at(0)
    return trainer

def hangs(problem):
    trainer = reference(problem)
    trainer.update_generator = lambda batch: time.sleep(1000)
    return trainer

def raises(problem):
    trainer = reference(problem)
    trainer.update_discriminator = stumbles
    return trainer

def stumbles(batch):
    return [][0]

def warns(problem):
    trainer = reference(problem)
    trainer.update_generator = warned(trainer.update_generator)
    return trainer

def warned(update):
    def run(batch):
        warnings.warn("an old function", DeprecationWarning)
        return update(batch)
    return run

def breaks(problem):
    raise ValueError("no device")

@hookimpl
def gankit_backends():
    able = frozenset({"float32", "float64"})
    yield Backend("crashes", (), crashes, able)
    yield Backend("hangs", (), hangs, able)
    yield Backend("raises", (), raises, able)
    yield Backend("warns", (), warns, able)
    yield Backend("cannot", (), breaks, able)
    yield Backend("leaves", (), lambda problem: os._exit(0), able)
    yield Backend("lacks", ("no_such_framework",), breaks, able, remedy="pip install it")
"""


@pytest.fixture(autouse=True)
def alone(machine):
    """Give each test an empty machine; return its working folder."""
    return machine


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a distribution for this process and its children."""
    site = tmp_path / "site"

    def forget():
        plugins.manager.cache_clear()
        loader._discover.cache_clear()
        importlib.invalidate_caches()

    def put(name, module, *folders):
        info = site / f"acme_{name}-1.2.dist-info"
        info.mkdir(parents=True)
        metadata = f"Metadata-Version: 2.1\nName: acme-{name}\nVersion: 1.2\n"
        (info / "METADATA").write_text(metadata, "utf-8")
        (info / "entry_points.txt").write_text(f"[gankit]\n{name} = {module}\n", "utf-8")
        for folder in map(str, (site, *folders)):
            monkeypatch.syspath_prepend(folder)
            monkeypatch.setenv("PYTHONPATH", folder, prepend=os.pathsep)
        forget()

    yield put
    monkeypatch.undo()
    for name in [name for name in sys.modules if name.startswith("gankit_my_own")]:
        del sys.modules[name]
    forget()


@pytest.fixture
def faulty(install, tmp_path):
    """Install backends that crash, hang, and fail in other ways."""
    (tmp_path / "faulty_backends.py").write_text(FAULTY, "utf-8")
    install("faulty", "faulty_backends", tmp_path)
    yield
    sys.modules.pop("faulty_backends", None)


@pytest.fixture
def written(command, install, alone):
    """Write a new backend, and install it; return its folder."""
    assert command("plugins", "new", "my-own").code == ExitCode.OK
    folder = alone / "gankit-my-own"
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    install("my-own", project["entry-points"]["gankit"]["my-own"], folder)
    return folder


def checked(command, *arguments):
    """Check a backend; return the ended command and its findings."""
    ended = command("plugins", "check", *arguments, "--json")
    return ended, json.loads(ended.out)


def own_tests(folder, *options):
    """Run the tests of a new plugin; return how they ended."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
    command += ["-p", "no:hypothesispytest"]  # Its summary imports Hypothesis, for 0.3 s.
    return subprocess.run(
        [*command, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


# New.


def test_a_new_backend_is_a_complete_distribution(command, alone):
    ended = command("plugins", "new", "mine")
    assert ended.code == ExitCode.OK
    files = {str(p.relative_to(alone)) for p in (alone / "gankit-mine").rglob("*") if p.is_file()}
    assert set(ended.out.splitlines()) == files
    assert files >= {
        "gankit-mine/pyproject.toml",
        "gankit-mine/README.md",
        "gankit-mine/gankit_mine/__init__.py",
        "gankit-mine/tests/test_contract.py",
        "gankit-mine/.github/workflows/test.yml",
    }
    text = (alone / "gankit-mine" / "pyproject.toml").read_text("utf-8")
    project = tomllib.loads(text)["project"]
    assert project["name"] == "gankit-mine"
    assert "gankit" in project["dependencies"]
    assert project["entry-points"]["gankit"] == {"mine": "gankit_mine"}


def test_it_names_the_next_two_commands(command):
    said = command("plugins", "new", "mine", "--out", "a folder/of mine").err
    assert "pip install --editable 'a folder/of mine'" in said
    assert "gankit train --backend mine" in said


GRADIENTS = get_args(scaffold.Gradients)


KINDS = get_args(scaffold.Kind)
SMALL_KINDS = [kind for kind in KINDS if kind != "backend"]


def test_every_template_is_used():
    folder = Path(scaffold.__file__).parent / "template"
    layouts = [scaffold.layout("backend", gradients) for gradients in GRADIENTS]
    layouts += map(scaffold.layout, SMALL_KINDS)
    used = {file for layout in layouts for file in layout.values()}
    assert {str(path.relative_to(folder)) for path in folder.rglob("*.in")} == used


@pytest.mark.parametrize(
    ("kind", "gradients"),
    [*(("backend", gradients) for gradients in GRADIENTS)]
    + [(kind, "by-hand") for kind in SMALL_KINDS],
)
def test_no_placeholder_is_left_in_a_new_plugin(kind, gradients):
    for path, text in scaffold.rendered(scaffold.Names("my-own", kind), gradients).items():
        assert not re.search(r"@\w+@", path + text)
        if path.endswith(".py"):
            compile(text, path, "exec")


def test_the_command_offers_every_kind():
    assert KINDS_OFFERED == KINDS


@pytest.mark.parametrize("kind", SMALL_KINDS)
def test_a_new_plugin_is_small_and_its_own_test_passes(command, install, alone, kind):
    ended = command("plugins", "new", "my-own", "--kind", kind)
    assert ended.code == ExitCode.OK, ended.err
    folder = alone / "gankit-my-own"
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert set(ended.out.splitlines()) == {f"gankit-my-own/{file}" for file in files}
    assert files - {"gankit_my_own/my-own.toml"} == {
        "pyproject.toml",
        "README.md",
        "gankit_my_own/__init__.py",
        f"tests/test_{kind}.py",
    }
    readme = (folder / "README.md").read_text("utf-8")
    assert all(line.strip() in readme for line in ended.err.splitlines()[2:])
    install("my-own", "gankit_my_own", folder)
    # The clause about every installed framework would import them all.
    done = own_tests(folder, "-k", "not every_backend")
    assert done.returncode == 0, done.stdout


USES = {
    "dataset": "--dataset my-own",
    "loss": "--dataset noise.npy --set loss=my-own",
    "penalty": "--dataset noise.npy --set penalties=my-own",
    "recipe": "--dataset noise.npy --recipe my-own",
    "callback": "--dataset noise.npy",
    "command": "--dataset noise.npy",
    "features": "--dataset noise.npy",
}


@pytest.mark.parametrize("kind", SMALL_KINDS)
@pytest.mark.filterwarnings("ignore:there are only")
def test_a_new_plugin_works_on_the_command_line(command, install, alone, kind):
    assert command("plugins", "new", "my-own", "--kind", kind).code == ExitCode.OK
    install("my-own", "gankit_my_own", alone / "gankit-my-own")
    np.save("noise.npy", np.random.default_rng(0).integers(0, 256, (40, 28, 28), np.uint8))
    options = f"--backend numpy --batch 4 --steps 10 --out run {USES[kind]}"
    ended = command("train", *options.split())
    assert ended.code == ExitCode.OK, ended.err
    if kind == "callback":
        assert (alone / "run" / "my-own.txt").read_text("utf-8").startswith("step 10: ")
    elif kind == "penalty":
        assert "every = 16" in (alone / "run" / "config.toml").read_text("utf-8")
    elif kind == "command":
        assert command("my-own", "run").out.startswith("10 steps\n")
    elif kind == "features":
        options = "-n 20 --no-baseline --json --features my-own"
        ended = command("evaluate", "run", *options.split())
        assert json.loads(ended.out)["features"] == "my-own"
    else:
        assert f'{kind} = "my-own"' in (alone / "run" / "config.toml").read_text("utf-8")
    rows = json.loads(command("plugins", "list", "--json").out)
    (row,) = [row for row in rows if row["name"] == "my-own"]
    assert (row["kind"], row["status"]) == (kind, "ready")


@pytest.mark.parametrize(
    ("kind", "name", "reason"),
    [
        ("dataset", "mnist", "the name of another data set"),
        ("dataset", "auto", "lets gankit choose"),
        ("loss", "hinge", "the name of another loss"),
        ("recipe", "dcgan", "the name of another recipe"),
        ("command", "train", "'train', a command of gankit; rename it"),
    ],
)
def test_a_used_name_of_each_kind_is_refused(command, alone, kind, name, reason):
    ended = command("plugins", "new", name, "--kind", kind)
    assert (ended.code, ended.err.count("\n")) == (ExitCode.USAGE, 1)
    assert reason in ended.err
    assert list(alone.iterdir()) == []


def test_gradients_of_another_kind_are_refused(command):
    ended = command("plugins", "new", "mine", "--kind", "loss", "--gradients", "framework")
    assert ended.code == ExitCode.USAGE
    assert "--gradients: got 'framework' with --kind loss; it is for a backend" in ended.err


def test_the_template_over_a_framework_is_the_example():
    """The example passes the complete contract in its own tests, so the template does."""
    example = ROOT / "docs" / "examples" / "gankit-autograd" / "gankit_autograd"
    files = scaffold.rendered(scaffold.Names("mine"), "framework")
    assert files["gankit_mine/framework.py"] == (example / "framework.py").read_text("utf-8")
    assert 'dependencies = ["gankit", "autograd' in files["pyproject.toml"]


def test_a_new_backend_over_a_framework_trains(command, install, alone):
    pytest.importorskip("autograd")
    assert command("plugins", "new", "quick", "--gradients", "framework").code == ExitCode.OK
    install("quick", "gankit_quick", alone / "gankit-quick")
    short = ("--dataset", "glyphs", "--steps", "2", "--batch", "4")
    trained = command("train", "--backend", "quick", *short)
    assert trained.code == ExitCode.OK, trained.err


@pytest.mark.parametrize("name", ["Mine", "1st", "a b", "a--b", "-a", "", "a.b", "../a", "a" * 41])
def test_an_invalid_plugin_name_is_refused(command, alone, name):
    ended = command("plugins", "new", "--", name)
    assert ended.code == ExitCode.USAGE
    assert ended.err.count("\n") == 1
    assert list(alone.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("torch", "the name of plugin"),
        ("lacks", "the name of another backend"),
        ("faulty", "of acme-faulty"),
    ],
)
@pytest.mark.usefixtures("faulty")
def test_a_used_name_is_refused(command, alone, name, reason):
    ended = command("plugins", "new", name)
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert reason in ended.err
    assert list(alone.iterdir()) == []


def test_existing_files_are_unchanged(command, alone):
    (alone / "gankit-mine").mkdir()
    ended = command("plugins", "new", "mine")
    assert ended.code == ExitCode.USAGE
    assert "got 'gankit-mine', which exists" in ended.err
    assert list((alone / "gankit-mine").iterdir()) == []


def test_it_is_written_completely_or_not_at_all(command, alone, monkeypatch):
    write, written = Path.write_text, []

    def full(path, *arguments, **options):
        written.append(path)
        if len(written) == 6:
            raise OSError(28, "No space left on device")
        return write(path, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", full)
    ended = command("plugins", "new", "mine")
    assert len(written) == 6
    assert ended.code == ExitCode.STORAGE
    assert "the disk is full" in ended.err
    assert list(alone.iterdir()) == []


def test_a_new_backend_trains_at_once(command, written):
    options = "--backend my-own --dataset glyphs --steps 2 --batch 4 --out run"
    ended = command("train", *options.split())
    assert ended.code == ExitCode.OK, ended.err
    assert 'backend = "my-own"' in (written.parent / "run" / "config.toml").read_text("utf-8")


def test_a_new_backends_own_tests_pass(written):
    done = own_tests(written)
    assert done.returncode == 0, done.stdout
    passed = int(re.search(r"(\d+) passed", done.stdout)[1])
    assert passed >= 100  # Of every level: the class has all clauses.


def test_a_new_backend_imports_no_framework_when_it_is_listed(written):
    code = "import gankit_my_own, sys; print([m for m in sys.modules if 'gankit_my_own.' in m])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"
    assert written.is_dir()


# List.


@pytest.mark.usefixtures("faulty")
def test_everything_registered_is_listed_ours_first(command):
    rows = json.loads(command("plugins", "list", "--json").out)
    assert all(row.keys() == KEYS for row in rows)
    by_name = {row["name"]: row for row in rows}
    assert [row["name"] for row in rows[:3]] == ["keras", "numpy", "torch"]
    numpy = by_name["numpy"]
    assert (numpy["kind"], numpy["distribution"], numpy["api"]) == ("backend", "gankit", 1)
    assert (numpy["status"], numpy["reason"]) == ("ready", "")
    lacks = by_name["lacks"]
    assert (lacks["distribution"], lacks["version"]) == ("acme-faulty", "1.2")
    assert (lacks["status"], lacks["missing"]) == ("needs", ["no_such_framework"])
    assert lacks["reason"] == "pip install it"


OTHERS = """
import click
from gankit import hookimpl
from gankit.data import Dataset
from gankit.losses import HINGE, Loss

@hookimpl
def gankit_datasets():
    yield Dataset("counted", "images that count", lambda folder: None)

@hookimpl
def gankit_losses():
    yield Loss("steep", HINGE.discriminator, HINGE.generator)
    yield HINGE

@hookimpl
def gankit_penalties():
    from gankit.penalties import NamedPenalty, Penalty
    return [NamedPenalty("gentle", Penalty("real", 0.0, 1.0))]

@hookimpl
def gankit_recipes():
    from gankit.recipes import Recipe, recipe
    return [Recipe("own", recipe("simple").text)]

@hookimpl
def gankit_callbacks(config):
    raise AssertionError("no run calls this back")

@hookimpl
def gankit_commands():
    yield click.Command("hello")

class Halves:
    name = "halves"

    def __call__(self, images):
        return images.mean(axis=(1, 2))

@hookimpl
def gankit_features():
    yield Halves()
"""


def test_plugins_of_every_kind_are_listed_and_errors_have_a_row(command, install, tmp_path):
    sources = {
        "kinds": OTHERS,
        "broken": "1 / 0",
        "old": GOOD.replace("api=1", "api=99"),
        "mute": "import gankit\n@gankit.hookimpl\ndef gankit_backends():\n    return []\n",
    }
    for name, source in sources.items():
        (tmp_path / f"acme_list_{name}.py").write_text(source, "utf-8")
        install(name, f"acme_list_{name}", tmp_path)
    ended = command("plugins", "list", "--json")
    rows = json.loads(ended.out)
    found = {(row["kind"], row["name"]): row["status"] for row in rows}
    for kind, name in (
        ("dataset", "counted"),
        ("loss", "steep"),
        ("penalty", "gentle"),
        ("recipe", "own"),
        ("features", "halves"),
        ("callback", "kinds"),
        ("command", "hello"),
    ):
        assert found[kind, name] == "ready"
    faults = {row["name"]: (row["kind"], row["reason"]) for row in rows if row["status"] != "ready"}
    assert found["plugin", "mute"] == "ready"
    assert {row["reason"] for row in rows if row["name"] == "mute"} == {"offers nothing"}
    assert "got 'hinge', the name of another loss" in faults["hinge"][1]
    assert faults["broken"][0] == "plugin"
    assert "ZeroDivisionError" in faults["broken"][1]
    refused = next(row for row in rows if row["distribution"] == "acme-old")
    assert (refused["kind"], refused["api"], refused["status"]) == ("backend", 99, "left out")
    assert "got 99; expected 1" in refused["reason"]
    assert ended.err == ""


def test_a_plugin_with_a_used_name_is_not_confused_with_the_other(command, install, tmp_path):
    (tmp_path / "acme_thief.py").write_text(GOOD, "utf-8")
    install("numpy", "acme_thief", tmp_path)
    rows = json.loads(command("plugins", "list", "--json").out)
    told = {(row["name"], row["distribution"]): row["status"] for row in rows}
    assert told["numpy", "gankit"] == "ready"
    assert told["numpy", "acme-numpy"] == "left out"


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.usefixtures("faulty")
def test_the_list_fits_the_terminal(command, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = command("plugins", "list").out.splitlines()
    assert max(map(len, lines)) <= columns
    assert lines[0].split() == ["kind", "name", "distribution", "API", "status"]


# Check.


def test_the_command_offers_every_level():
    assert tuple(levels.LEVELS) == CHOICES


def test_the_levels_of_a_backend_follow_from_its_clauses():
    assert reached() == ["portability", ExitCode.OK]
    assert reached("test_counts_steps_and_updates") == [None, ExitCode.BACKEND]
    assert reached("test_adam_matches_the_reference") == ["protocol", ExitCode.BACKEND]
    assert reached("test_resumes_after_any_step") == ["numerics", ExitCode.BACKEND]
    assert reached("test_state_has_the_common_names") == ["resume", ExitCode.BACKEND]
    assert reached("test_state_has_the_common_names", expected="resume") == ["resume", ExitCode.OK]
    assert reached(missing=("test_same_seed_same_run",)) == ["numerics", ExitCode.BACKEND]
    assert reached(selected=True) == [None, ExitCode.OK]
    assert reached("test_counts_steps_and_updates", selected=True) == [None, ExitCode.BACKEND]


def reached(*failing, expected="portability", missing=(), selected=False):
    """Return the level and exit code of a backend that fails these clauses."""
    found = Check("mine", expected, selected)
    for name, clause in levels.clauses(expected).items():
        result = "failed" if name in failing else "passed"
        case = {"result": result, "seconds": 0.0, "reason": "", "details": "", "case": ""}
        if name not in missing:
            found.outcomes.append(summed(clause, [case]))
    return [found.reached, found.exit_code]


def test_a_correct_backend_passes_the_check(command, written):
    ended, found = checked(command, "my-own", "--level", "protocol")
    assert ended.code == found["exit_code"] == ExitCode.OK, ended.err
    assert found["reached"] == "protocol"
    assert len(found["clauses"]) == len(levels.clauses("protocol"))
    assert {clause["result"] for clause in found["clauses"]} == {"passed", "not claimed"}
    assert found["speed"]["milliseconds"] > 0
    assert found["speed"]["reference"] > 0
    assert written.is_dir()


def test_the_reference_passes_the_selected_clauses(command):
    ended = command("plugins", "check", "numpy", "-k", "counts or returns_logits")
    assert ended.code == ExitCode.OK
    rows = [line.split() for line in ended.out.splitlines() if line.startswith("    ")]
    names = [("passed", "returns_logits"), ("passed", "counts_steps_and_updates")]
    assert [(r[0], r[3]) for r in rows] == names
    assert ended.out.endswith("numpy: 2 clauses selected, none failed\n")
    assert ended.err == ""  # Progress is for a terminal.


def test_a_wrong_backend_fails(command, install):
    install("wrong_backends", "tests.wrong_backends", ROOT)
    clause = "discriminator_update_changes_only_the_discriminator"
    ended = command("plugins", "check", "trains-both-networks", "-k", clause)
    assert ended.code == ExitCode.BACKEND
    assert f"s  {clause}" in ended.out
    assert "generator/0.kernel" in ended.out  # What it compared.
    assert ended.out.endswith("1 clause selected, 1 failed\n")


@pytest.mark.usefixtures("faulty")
def test_equal_failures_are_printed_once_with_location_and_cases(command):
    only = "changes_only_the_discriminator or returns_the_loss"
    ended = command("plugins", "check", "raises", "-k", only)
    assert ended.code == ExitCode.BACKEND
    said = " ".join(ended.out.split())
    assert re.search(r"at faulty_backends.py:\d+ in stumbles: return \[\]\[0\]", said)
    assert f"failed: {BUILTIN[0].name}, " in said
    assert "same error as in discriminator_update_changes_only_the_discriminator" in said
    error = "IndexError: list index out of range, at faulty"
    assert f"2 clauses fail with the same error: {error}" in said
    ended, found = checked(command, "raises", "-k", only, "-x")
    assert ended.code == ExitCode.BACKEND
    (clause,) = found["clauses"]
    assert clause["location"].endswith(" in stumbles: return [][0]")
    ended, found = checked(command, "raises", "-k", "returns_the_loss", "-x")
    (clause,) = found["clauses"]
    assert (clause["cases"], clause["failed_cases"]) == (1, [BUILTIN[0].name])


@pytest.mark.usefixtures("faulty")
def test_warnings_are_listed_with_their_place(command):
    ended = command("plugins", "check", "warns", "-k", "counts_steps")
    assert ended.code == ExitCode.OK
    said = " ".join(ended.out.split())
    warning = r"warning: DeprecationWarning: an old function, at faulty_backends.py:\d+"
    assert len(re.findall(warning, said)) == 1
    ended, found = checked(command, "warns", "-k", "counts_steps")
    ((text, count),) = found["warnings"].items()
    assert text.startswith("DeprecationWarning: an old function, at faulty_backends.py:")
    assert count >= 1


@pytest.mark.usefixtures("faulty")
def test_the_command_for_details_of_a_failure_is_on_one_line(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    ended = command("plugins", "check", "raises", "--level", "protocol")
    assert ended.code == ExitCode.BACKEND
    (line,) = [line for line in ended.out.splitlines() if "gankit plugins check" in line]
    assert re.fullmatch(r"  gankit plugins check raises -k \w+", line)
    assert ended.out.endswith(f"details of a failure:\n{line}\n")


def test_an_error_says_in_which_update_a_trainer_differs_from_the_reference():
    wrong = next(s for s in WRONG_BACKENDS if s.name == "forgets-the-lazy-factor").backend()
    with pytest.raises(AssertionError, match=r"in step \d, discriminator update \d: differ by"):
        IntegrationClauses().test_all_features_match_the_reference(wrong, FAMILIES[0])


def test_only_the_clauses_of_the_level_run(command, install, monkeypatch):
    install("wrong_backends", "tests.wrong_backends", ROOT)
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")  # The user's own option.
    ended, found = checked(command, "correct", "--level", "protocol", "-k", "native or counts")
    assert ended.code == ExitCode.OK
    results = {clause["name"]: clause["result"] for clause in found["clauses"]}
    assert results["counts_steps_and_updates"] == "passed"
    assert results["accepts_native_networks"] == "not run"
    assert "a_native_block_equals_its_updates" not in results


def test_native_networks_can_be_passed_to_the_check(command, install):
    install("wrong_backends", "tests.wrong_backends", ROOT)
    check = ("correct", "-k", "accepts_native", "--native-pair")
    ended, found = checked(command, *check, "tests.wrong_backends:native_pair")
    assert ended.code == ExitCode.OK
    assert found["clauses"][0]["result"] == "passed"
    ended = command("plugins", "check", *check, "tests.no:pair")
    assert ended.code == ExitCode.USAGE
    assert ended.err.splitlines()[-1].startswith("gankit: --native-pair: got 'tests.no:pair'; ")


@pytest.mark.parametrize(
    ("name", "reason", "code"),
    [
        ("crashes", "SIGSEGV", ExitCode.BACKEND),
        ("hangs", "did not end within 9 s, in the clause counts_", ExitCode.BACKEND),
        ("cannot", "cannot be built: ValueError: no device", ExitCode.BACKEND),
        ("leaves", "ended before it was done, while it built", ExitCode.BACKEND),
        ("lacks", "needs no_such_framework; pip install it", ExitCode.BACKEND),
        ("crash", "did you mean 'crashes'?", ExitCode.USAGE),
    ],
)
@pytest.mark.usefixtures("faulty")
def test_a_backend_that_cannot_be_checked_is_an_error_of_one_line(command, name, reason, code):
    limit = "9" if name == "hangs" else "60"
    ended = command("plugins", "check", name, "-k", "counts", "--timeout", limit)
    assert ended.code == code
    assert reason in ended.err.splitlines()[-1]
    assert len(ended.err.splitlines()) == 1
    assert ended.out == ""


@pytest.mark.parametrize("only", ["no_such_clause", "a b"])
def test_an_expression_that_matches_no_clause_is_a_usage_error(command, only):
    ended = command("plugins", "check", "numpy", "-k", only)
    assert ended.code == ExitCode.USAGE
    assert only in ended.err


@pytest.fixture
def wrong_plugins(install):
    """Install losses and data sets with one fault each."""
    install("wrong", "tests.wrong_plugins", ROOT)


def test_a_loss_is_checked_level_by_level(command):
    ended, found = checked(command, "hinge", "--level", "numerics")
    assert ended.code == found["exit_code"] == ExitCode.OK, ended.err
    assert (found["kind"], found["loss"], found["speed"]) == ("loss", "hinge", None)
    assert (found["expected"], found["reached"]) == ("numerics", "numerics")
    assert [level["level"] for level in found["levels"]] == ["protocol", "numerics"]
    others = [clause["name"] for clause in found["clauses"] if clause["result"] != "passed"]
    assert others == ["its_follower_keeps_its_scalars"]  # The hinge loss has none.
    assert len(found["clauses"]) == len(levels.clauses("numerics", "loss"))


@pytest.mark.usefixtures("wrong_plugins")
def test_a_data_set_is_checked_level_by_level(command):
    ended = command("plugins", "check", "drawn")
    assert ended.code == ExitCode.OK, ended.err
    lines = ended.out.splitlines()
    assert lines[0] == "protocol: its images and labels have the form that gankit needs"
    assert lines[-1] == "drawn reaches resume"
    assert "speed" not in ended.out
    ended, found = checked(command, "drawn")
    assert (found["kind"], found["dataset"], found["reached"]) == ("dataset", "drawn", "resume")
    assert {clause["result"] for clause in found["clauses"]} == {"passed"}


@pytest.mark.usefixtures("wrong_plugins")
def test_a_wrong_loss_and_a_wrong_data_set_fail_the_check(command):
    ended, found = checked(command, "stops-a-gradient", "--level", "numerics")
    assert ended.code == found["exit_code"] == ExitCode.BACKEND
    assert found["reached"] == "protocol"
    (failed,) = [clause for clause in found["clauses"] if clause["result"] == "failed"]
    assert failed["name"] == "gradient_matches_finite_differences"
    assert failed["failed_cases"] == ["generator"]
    ended, found = checked(command, "draws-at-random", "-x")
    assert ended.code == ExitCode.BACKEND
    last = found["clauses"][-1]["name"]
    assert (found["reached"], last) == ("protocol", "loads_the_same_bytes_again")
    ended = command("plugins", "check", "draws-at-random", "-k", "changes_no_random_state")
    assert ended.code == ExitCode.OK
    assert ended.out.endswith("draws-at-random: 1 clause selected, none failed\n")


TWINS = """
from gankit import hookimpl
from gankit.data import Dataset
from gankit.losses import HINGE, Loss
from gankit.penalties import NamedPenalty, Penalty

@hookimpl
def gankit_penalties():
    yield NamedPenalty("pull", Penalty("real", target=0.0, weight=1.0))

@hookimpl
def gankit_datasets():
    yield Dataset("twin", "no images", lambda folder: 1 / 0)
    yield Dataset("empty", "no file", load)

@hookimpl
def gankit_losses():
    yield Loss("twin", HINGE.discriminator, HINGE.generator)
    yield Loss("last", last, last)

def last(ops, real, fake):
    return fake.last

def load(folder):
    from gankit.errors import DataError
    raise DataError("no images here; fetch them")
"""


@pytest.fixture
def twins(install, tmp_path):
    """Install a loss and a data set of the same name, and things that cannot be checked."""
    (tmp_path / "acme_twins.py").write_text(TWINS, "utf-8")
    install("twins", "acme_twins", tmp_path)


@pytest.mark.usefixtures("twins")
def test_an_error_in_a_checked_loss_has_its_line(command):
    ended = command("plugins", "check", "last", "-k", "returns_a_finite_scalar")
    assert ended.code == ExitCode.BACKEND
    said = " ".join(ended.out.split())
    assert "discriminator of loss 'last' failed: AttributeError: " in said
    assert re.search(r"at acme_twins.py:\d+ in last: return fake.last", said)


@pytest.mark.usefixtures("twins")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("twin", ExitCode.USAGE, "NAME: got 'twin', a loss and a dataset; give --kind"),
        (
            "twin --kind dataset",
            ExitCode.BACKEND,
            "load of dataset 'twin' failed: ZeroDivisionError: division by zero (acme_twins.py, ",
        ),
        ("empty", ExitCode.DATA, "no images here; fetch them"),
        ("twni", ExitCode.USAGE, "unknown backend, loss or data set 'twni'; known: "),
        ("pull", ExitCode.USAGE, "NAME: got 'pull', of kind penalty; expected a backend, loss or"),
        ("hinge --kind dataset", ExitCode.USAGE, "unknown dataset 'hinge'"),
        (
            "hinge --native-pair a:b",
            ExitCode.USAGE,
            "--native-pair: got 'a:b' for a loss; it is for a backend",
        ),
    ],
)
def test_what_cannot_be_checked_is_an_error_of_one_line(command, words, code, said):
    ended = command("plugins", "check", *words.split())
    assert ended.code == code
    assert ended.err.startswith(f"gankit: {said}")
    assert (ended.out, len(ended.err.splitlines())) == ("", 1)


def test_without_pytest_the_error_says_what_to_install(command, monkeypatch):
    find = PathFinder.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda n: None if n == "pytest" else find(n))
    for name in [name for name in sys.modules if name.startswith("gankit.testing")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pytest", None)  # To import it is an error.
    ended = command("plugins", "check", "numpy")
    assert ended.code == ExitCode.BACKEND
    assert ended.err == "gankit: the check needs pytest; pip install 'gankit[testing]'\n"
    ended, found = checked(command, "numpy")
    assert ended.code == found["exit_code"] == ExitCode.BACKEND
    assert found["error"] in ended.err
    assert found["reached"] is None
    assert found.keys() == as_data(Check("numpy", "portability")).keys()


def test_a_new_backends_folder_is_not_mistaken_for_its_framework(command, alone, monkeypatch):
    monkeypatch.syspath_prepend(alone)
    assert command("plugins", "new", "framework").code == ExitCode.OK
    assert importlib.util.find_spec("framework") is None
    assert command("plugins", "new", "other", "--out", "other").code == ExitCode.OK
    assert importlib.util.find_spec("other") is not None  # As Python sees the author's folder.
    assert plugins.missing(["other"]) == ["other"]


@pytest.mark.parametrize("columns", [80, 120])
def test_rows_fit_the_terminal(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    failed = {"result": "failed", "seconds": 1234.5, "reason": "off " * 60, "details": ""}
    failed["case"] = "adam-float32"
    failed["location"] = "gankit_mine/trainer.py:12 in step: " + "x " * 60
    skipped = {"result": "not claimed", "seconds": 0.0, "reason": "input-gradients", "case": ""}
    for clause in levels.clauses().values():
        for cases in ([failed], [skipped, skipped], [skipped, failed | {"result": "passed"}]):
            assert all(len(line) <= columns for line in plain(row(summed(clause, cases))))


def plain(text):
    import click

    return click.unstyle(text).splitlines()
