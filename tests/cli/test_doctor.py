"""`gankit doctor`: its findings, and that nothing makes it fail."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import os
import re
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from gankit._utils.child_process import start
from gankit._utils.debug_log import debugging
from gankit.cli.doctor import datasets, doctor, environment_variables, folders, subprocess_answers
from gankit.cli.doctor.machine import cpu_quota, memory_limit
from gankit.cli.doctor.plugins import (
    BackendReport,
    InstalledPlugins,
    device_findings,
    framework_findings,
    inspect_backends,
    load_installed,
)
from gankit.config import from_settings
from gankit.errors import ExitCode
from gankit.recipes import recipe
from tests.paths import ROOT
from tests.selection import selected
from tests.waiting import ended

KEYS = {
    "gankit",
    "machine",
    "libraries",
    "plugins",
    "backends",
    "folders",
    "datasets",
    "variables",
    "findings",
    "exit_code",
}
OURS = ("numpy", "torch", "keras")
SELECTED = [name for name in OURS if selected(name)]
"""Looked up before each test is given an empty machine, without variables."""
COUNT = itertools.count()
PLUGIN = """
import os, signal, subprocess, sys, time
from gankit import hookimpl
from gankit.contract import Backend

def inspect():
    BODY

@hookimpl
def gankit_backends():
    return [Backend("mine", REQUIRES, lambda problem: None, frozenset({"float32"}), inspect=OFFER)]
"""


def plugin(body="return {}", requires="()", offer="inspect"):
    return PLUGIN.replace("BODY", body).replace("REQUIRES", requires).replace("OFFER", offer)


@pytest.fixture(autouse=True)
def clean(machine, monkeypatch):  # noqa: ARG001 - it clears what begins with GANKIT_.
    """Give each test an empty machine without settings."""
    for variable in environment_variables.variables():
        if not variable.name.startswith("GANKIT_"):
            monkeypatch.delenv(variable.name)


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a distribution of one module."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def put(source, name="mine", distribution="acme-gan"):
        module = f"acme_doctor_{next(COUNT)}"
        (site / f"{module}.py").write_text(source, "utf-8")
        info = site / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n", "utf-8"
        )
        (info / "entry_points.txt").write_text(f"[gankit]\n{name} = {module}\n", "utf-8")

    return put


@functools.cache
def installed_here():
    """Return the plugins of this machine, listed once for all tests that do not test the list."""
    return load_installed()


@pytest.fixture
def known(monkeypatch):
    """Replace the process that lists plugins by its known result."""
    monkeypatch.setattr(doctor, "load_installed", lambda _: installed_here())


@pytest.fixture
def quick(command):
    """Return a function that runs the doctor without frameworks: exit code and findings."""

    def run():
        ended = command("doctor", "--quick", "--json")
        return ended.code, json.loads(ended.out)

    return run


def mine(limit=30.0):
    """Return the report of the inspected backend `mine`, as if it had been listed."""
    return inspect_backends([BackendReport("mine", True, [], "pip install acme-gan", True)], limit)[
        0
    ]


def by_subject(found):
    return {finding["subject"]: finding for finding in found["findings"]}


# The whole.


def test_a_healthy_machine_has_no_findings_and_nothing_is_written(command, machine):
    before = set(machine.parent.rglob("*"))
    ended = command("doctor", "--quick")
    assert ended.code == ExitCode.OK, ended.out
    assert ended.err == ""
    assert "no problems found" in ended.out
    for title in ("Machine", "Libraries", "Plugins", "Backends", "Folders", "Environment"):
        assert f"\n{title}\n" in ended.out
    assert set(machine.parent.rglob("*")) == before


@pytest.mark.usefixtures("known")
def test_json_has_the_documented_keys(quick):
    code, found = quick()
    assert code == found["exit_code"] == ExitCode.OK
    assert found.keys() == KEYS
    page = (ROOT / "docs" / "running.md").read_text("utf-8")
    section = page.partition("## The doctor")[2].partition("\n## ")[0]
    parts = [found["machine"], *(found[k][0] for k in ("plugins", "backends", "folders"))]
    kinds = (doctor.DatasetReport, doctor.Variable, doctor.Finding)
    inner = {f.name for kind in kinds for f in dataclasses.fields(kind)}.union(*parts)
    assert {key for key in KEYS | inner if f"`{key}`" not in section} == set()


@pytest.mark.usefixtures("known")
def test_every_builtin_backend_is_listed_installed_or_not(quick):
    names = [backend["name"] for backend in quick()[1]["backends"]]
    assert set(OURS) <= set(names)


@pytest.mark.parametrize("columns", [1, 40, 80, 120])
@pytest.mark.usefixtures("known")
def test_lines_fit_the_terminal(command, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("GANKIT_SEDE", "3")
    ended = command("doctor", "--quick")
    room = max(40, min(columns, 100))
    long = [line for line in ended.out.splitlines() if len(line) > room]
    # Only what has no place to break may stand out: a path, or a name.
    assert [line for line in long if max(map(len, line.split())) < room - 40] == []


def test_help_imports_nothing_heavy():
    program = (
        "import sys\nfrom gankit.cli import main\n"
        "try:\n    main(['doctor', '--help'])\nexcept SystemExit as error:\n"
        "    print(error.code, 'numpy' in sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.splitlines()[-1] == "0 False"
    assert "exit code" in said.stdout


def test_the_doctor_itself_imports_no_framework():
    program = (
        "import sys\nfrom gankit.cli import main\n"
        "try:\n    main(['doctor', '--quick'])\nexcept SystemExit:\n"
        "    print([name for name in ('torch', 'keras', 'tensorflow') if name in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.splitlines()[-1] == "[]"


LOOKS = {
    "environment_variables.variables": "environment variables",
    "environment_variables.findings": "environment variables",
    "load_installed": "plugins",
    "folders.folders": "folders",
    "machine": "machine",
    "libraries": "libraries",
    "datasets.datasets": "data sets",
    "inspect_backends": "backends",
}


@pytest.mark.parametrize(("look", "subject"), LOOKS.items(), ids=LOOKS)
def test_a_failing_check_becomes_a_finding_and_the_others_run(monkeypatch, look, subject):
    def fail(*_, **__):
        raise ZeroDivisionError("in a\nlook")

    monkeypatch.setattr(doctor, "load_installed", lambda _: InstalledPlugins([], [], []))
    module, _, name = look.rpartition(".")
    monkeypatch.setattr(getattr(doctor, module) if module else doctor, name, fail)
    found = doctor.diagnose()
    assert [(f.subject, f.exit_code) for f in found.findings] == [(subject, 1)]
    assert "ZeroDivisionError: in a" in found.findings[0].problem
    assert found.exit_code == ExitCode.UNEXPECTED
    json.dumps(dataclasses.asdict(found))


def test_the_first_finding_decides_the_exit_code(quick, install, monkeypatch):
    install("1 / 0")
    assert quick()[0] == ExitCode.BACKEND
    monkeypatch.setenv("GANKIT_SEDE", "3")
    code, found = quick()
    assert [finding["exit_code"] for finding in found["findings"]] == [2, 5]
    assert code == ExitCode.USAGE


# Debugging.


def test_logs_and_tracebacks_of_subprocesses_are_shown_only_with_debug(install, capsys):
    body = "import logging; logging.getLogger('gankit.mine').debug('my word'); raise OSError('x')"
    install(plugin(body))
    with debugging():
        assert mine().fault == "OSError: x"
    told = capsys.readouterr().err
    assert "my word" in told
    assert re.search(r"Traceback .*\n.*in inspect\n.*OSError: x", told, re.DOTALL)
    assert mine().fault == "OSError: x"
    assert capsys.readouterr().err == ""


def test_a_failing_run_of_compare_shows_its_traceback_and_exit_code():
    settings = from_settings(recipe("simple").settings | {"dataset": "./nothing"}).settings()
    request = {"settings": settings, "out": "run", "data_dir": None, "plain": True}
    for around, seen in ((debugging, True), (nullcontext, False)):
        with around():
            process = start("gankit.cli.train_subprocess", [json.dumps(request)], subprocess.PIPE)
        _, told = ended(process, "the run")
        assert process.returncode == ExitCode.DATA
        assert (b"Traceback" in told) is seen


# Plugins.

BROKEN = {
    "import error": ("import no_such_module_here", "no_such_module_here"),
    "syntax error": ("def (:", "SyntaxError"),
    "exit at import": ("raise SystemExit('not here')", "not here"),
    "no hook": ("x = 1", "got no hook"),
    "wrong API": (plugin().replace("inspect=", "api=99, inspect="), "got 99; expected 1"),
    "a raising hook": (plugin().replace("    return [", "    1 / 0\n    return ["), "ZeroDivision"),
    "a raising hook of data sets": (
        "import gankit\n@gankit.hookimpl\ndef gankit_datasets():\n    raise OSError('gone')",
        "gone",
    ),
}


def test_each_broken_plugin_is_named_and_the_others_are_listed(install):
    for number, (source, _) in enumerate(BROKEN.values()):
        install(source, f"mine{number}", f"acme-{number}")
    found = load_installed()
    findings = {finding.subject: finding for finding in found.findings}
    assert len(found.findings) == len(BROKEN)
    for number, (_, reason) in enumerate(BROKEN.values()):
        finding = findings[f"plugin 'mine{number}' of acme-{number} 1.2"]
        assert reason in finding.problem
        assert finding.remedy.endswith(f"acme-{number}")
        assert finding.exit_code == ExitCode.BACKEND
    assert set(OURS) <= {backend.name for backend in found.backends}
    assert set(OURS) <= {plugin.name for plugin in found.plugins if plugin.fault is None}


def test_a_file_in_the_working_folder_is_not_imported_as_a_module():
    for name in ("numpy", "json", "torch"):
        Path(f"{name}.py").write_text("1 / 0")
    assert load_installed().findings == []
    assert inspect_backends([BackendReport("numpy", True, [], "", True)])[0].fault is None


def test_plugin_errors_are_findings_also_in_strict_mode(install, monkeypatch):
    monkeypatch.setenv("GANKIT_STRICT_PLUGINS", "1")
    install("1 / 0")
    found = load_installed()
    assert [finding.subject for finding in found.findings] == ["plugin 'mine' of acme-gan 1.2"]
    assert set(OURS) <= {backend.name for backend in found.backends}


KILLERS = {
    "a crash": ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
    "an exit": ("import os\nos._exit(3)", "exit code 3"),
    "a silent exit": ("import os\nos._exit(0)", "ended before it was done"),
    "a hang": ("import time\ntime.sleep(600)", "did not end within 3 s"),
}


@pytest.mark.parametrize(("source", "reason"), KILLERS.values(), ids=KILLERS)
def test_a_plugin_that_ends_the_process_is_named(install, source, reason):
    install(source)
    (finding,) = load_installed(limit=3 if "sleep" in source else 30).findings
    assert finding.exit_code == ExitCode.BACKEND
    assert reason in finding.problem
    assert reason == "ended before it was done" or "'mine' of acme-gan" in finding.problem


def test_a_backend_with_invalid_requirements_is_named(install):
    install(plugin(requires="(3,)"))
    found = load_installed()
    (finding,) = found.findings
    assert "'mine'" in finding.subject
    assert finding.exit_code == ExitCode.BACKEND
    assert "mine" not in {backend.name for backend in found.backends if backend.usable}


def test_a_framework_that_is_not_installed_is_no_problem(install, quick, command):
    install(plugin(requires="('no_such_framework',)"))
    code, found = quick()
    assert code == ExitCode.OK
    assert found["findings"] == []
    (report,) = [backend for backend in found["backends"] if backend["name"] == "mine"]
    assert report["missing"] == ["no_such_framework"]
    assert not report["usable"]
    assert "not ready: needs no_such_framework" in command("doctor", "--quick").out


# Frameworks, each in a separate process.


def test_a_backend_reports_its_framework(install):
    install(plugin("return {'version': '3', 'threads': 2}"))
    report = mine()
    assert report.usable
    assert report.facts == {"version": "3", "threads": "2"}
    assert framework_findings([report]) == []


def test_a_backend_that_cannot_be_inspected_has_no_facts(install):
    install(plugin(offer="None"))
    (found,) = [backend for backend in load_installed().backends if backend.name == "mine"]
    (report,) = inspect_backends([found])
    assert (report.usable, report.inspects, report.facts, report.fault) == (True, False, {}, None)


NONSENSE = {
    "a crash": ("os.kill(os.getpid(), signal.SIGSEGV)", r"SIGSEGV at .*acme.*\.py:7 in inspect"),
    "an unhandled signal": ("os.kill(os.getpid(), 40)", "signal 40|SIG"),
    "running out of memory": ("os.kill(os.getpid(), signal.SIGKILL)", "ended by SIGKILL"),
    "an error": ("raise RuntimeError('no\\n device')", "RuntimeError: no$"),
    "an exit": ("raise SystemExit(3)", "SystemExit: 3"),
    "a sudden exit": ("print('last words'); sys.stdout.flush(); os._exit(9)", r"9 \(last words\)"),
    "a silent exit": ("os._exit(0)", "ended before it was done"),
    "a number": ("return 3", "returned 3; expected a dict of texts"),
    "a text that cannot be had": (
        "return {'a': type('T', (), {'__str__': lambda self: 1 / 0})()}",
        "ZeroDivisionError",
    ),
    "a crash as it ends": (
        "import atexit; atexit.register(os.kill, os.getpid(), signal.SIGABRT); return {}",
        "SIGABRT",
    ),
}


@pytest.mark.parametrize(("body", "reason"), NONSENSE.values(), ids=NONSENSE)
def test_a_framework_that_breaks_is_reported_with_a_remedy(install, body, reason):
    install(plugin(body))
    report = mine()
    assert not report.usable
    assert re.search(reason, report.fault), report.fault
    (finding,) = framework_findings([report])
    assert finding.exit_code == ExitCode.BACKEND
    assert "\n" not in finding.problem + finding.remedy
    assert "gankit.cli.doctor.subprocess_answers backend mine" in finding.remedy


def test_a_framework_that_hangs_is_killed_with_its_subprocesses(install, tmp_path):
    note = tmp_path / "children"
    install(
        plugin(f"""child = subprocess.Popen(["sleep", "600"])
    open({str(note)!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
    time.sleep(600)""")
    )
    began = time.monotonic()
    report = mine(limit=3)
    assert time.monotonic() - began < 10
    assert "did not end within 3 s, while it inspected its framework" in report.fault
    for process in map(int, note.read_text().split()):
        assert is_gone(process)


def is_gone(process):
    """Return whether a process ends within a second; a zombie has ended."""
    for _ in range(100):
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
            os.kill(process, 0)
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


def test_printed_text_of_a_framework_is_not_read_as_an_answer(install):
    noise = """print('{"facts": {"a": "false"}}'); os.write(1, b'{"fault": "none"}\\n')
    os.write(2, b"x" * 10**6); return {"a": "true\\x1b[31m"}"""
    install(plugin(noise))
    report = mine()
    assert report.fault is None
    assert report.facts == {"a": r"true\x1b[31m"}


def test_a_crashing_backend_does_not_affect_the_others(install):
    install(plugin("os.abort()"))
    install(plugin("return {'a': 'b'}").replace('"mine"', '"other"'), "other", "acme-other")
    reports = inspect_backends([BackendReport(n, True, [], "", True) for n in ("mine", "other")])
    assert [report.usable for report in reports] == [False, True]
    assert reports[1].facts == {"a": "b"}


def test_a_broken_framework_ends_the_command_with_exit_code_5(install, command, monkeypatch):
    install(plugin("os.kill(os.getpid(), signal.SIGSEGV)"))
    only = lambda limit: SimpleNamespace(  # noqa: E731
        plugins=[],
        findings=[],
        backends=[b for b in load_installed(limit).backends if b.name == "mine"],
    )
    monkeypatch.setattr(doctor, "load_installed", only)
    monkeypatch.setattr(datasets, "datasets", list)
    ended = command("doctor")
    assert ended.code == ExitCode.BACKEND
    assert "SIGSEGV" in ended.out
    assert "-> to reproduce" in ended.out


@pytest.mark.skipif(not SELECTED, reason="none of our backends is to be tested")
def test_our_backends_report_versions_devices_and_threads():
    reports = inspect_backends(
        [BackendReport(name, True, [], "", True) for name in SELECTED], limit=120
    )
    for report in reports:
        assert report.fault is None
        assert report.usable
        assert {"devices", "threads"} <= report.facts.keys()
    facts = {report.name: report.facts for report in reports}
    wanted = {
        "numpy": {"numpy", "blas"},
        "torch": {"torch", "cuda", "float32 products", "float32 products on a GPU"},
        "keras": {"keras", "tensorflow", "keras backend", "deterministic ops", "floatx"},
    }
    assert all(wanted[name] <= facts[name].keys() for name in SELECTED)


@pytest.mark.skipif("keras" not in SELECTED, reason="keras is not to be tested")
def test_another_keras_framework_is_named_once(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "openvino")
    keras = BackendReport("keras", True, [], "", True)
    monkeypatch.setattr(doctor, "load_installed", lambda _: InstalledPlugins([], [keras], []))
    monkeypatch.setattr(datasets, "datasets", list)
    found = doctor.diagnose()
    assert [finding.subject for finding in found.findings] == ["KERAS_BACKEND"]
    assert "openvino" in found.backends[0].fault
    assert found.exit_code == ExitCode.USAGE


def test_a_process_that_cannot_be_started_is_reported(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    assert "cannot be started" in mine().fault
    assert "cannot be started" in load_installed().findings[0].problem


def test_the_subprocess_can_be_run_by_hand():
    asked = [sys.executable, "-m", subprocess_answers.__name__, "plugins"]
    done = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=60)
    assert {"plugins", "backends"} <= json.loads(done.stdout.splitlines()[-2]).keys()


# Settings.


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("GANKIT_SEDE", "3", "did you mean 'GANKIT_SEED'"),
        ("GANKIT_BATCH", "many", "batch"),
        ("GANKIT_BATCH", "0", "batch: got 0"),
        ("GANKIT_RECIPE", "simpel", "did you mean 'simple'"),
        ("GANKIT_DATA", "nowhere", "nowhere is not a folder"),
    ],
)
@pytest.mark.usefixtures("known")
def test_a_wrong_variable_is_named(quick, monkeypatch, name, value, problem):
    monkeypatch.setenv(name, value)
    code, found = quick()
    assert code == ExitCode.USAGE
    assert list(by_subject(found)) == [name]
    assert problem in by_subject(found)[name]["problem"]


def numpy_alone(monkeypatch):
    """Make numpy the only backend, and skip the data sets."""
    report = BackendReport("numpy", True, [], "", True)
    monkeypatch.setattr(doctor, "load_installed", lambda _: InstalledPlugins([], [report], []))
    monkeypatch.setattr(datasets, "datasets", list)


def test_a_device_that_no_backend_has_is_named(monkeypatch):
    numpy_alone(monkeypatch)
    monkeypatch.setenv("GANKIT_DEVICE", "nowhere")
    found = doctor.diagnose()
    assert [finding.subject for finding in found.findings] == ["GANKIT_DEVICE"]
    assert "numpy: unknown device 'nowhere'" in found.findings[0].problem
    assert found.exit_code == ExitCode.USAGE


def test_a_device_of_a_backend_is_no_problem(monkeypatch):
    numpy_alone(monkeypatch)
    monkeypatch.setenv("GANKIT_DEVICE", "cpu")
    assert doctor.diagnose().findings == []


def test_a_device_that_only_some_backends_lack_is_no_problem():
    lacking = BackendReport("numpy", True, [], "", True, device_fault="unknown device 'cuda'")
    having = BackendReport("torch", True, [], "", True)
    assert device_findings([lacking, having]) == []
    assert len(device_findings([lacking])) == 1


@pytest.mark.parametrize(
    ("name", "value"), [("GANKIT_SEED", "3"), ("GANKIT_OFFLINE", "1"), ("GANKIT_CRASH", "full")]
)
def test_a_valid_variable_is_listed_with_its_effect(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert environment_variables.findings() == []
    (told,) = [v for v in environment_variables.variables() if v.name == name]
    assert told.value == value
    assert told.effect


def test_framework_variables_are_listed_without_secrets():
    told = {
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "KERAS_BACKEND",
        "TF_ENABLE_ONEDNN_OPTS",
        "TF_CPP_MIN_LOG_LEVEL",
        "TF_DETERMINISTIC_OPS",
        "CUDA_VISIBLE_DEVICES",
        "CUBLAS_WORKSPACE_CONFIG",
        "PYTHONHASHSEED",
    }
    others = {"TF_VAR_password", "TF_CLI_CONFIG_FILE", "TOKEN", "GANKIT_SEDE", "PATH"}
    found = environment_variables.variables(dict.fromkeys(told | others, "1"))
    assert {variable.name for variable in found} == told


@pytest.mark.usefixtures("known")
def test_control_characters_of_a_value_are_escaped(command, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "\x1b[31mred \udcff")
    out = command("doctor", "--quick").out
    assert r"CUDA_VISIBLE_DEVICES=\x1b[31mred \udcff" in out
    assert "\x1b[31m" not in out


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ('{"backend": "openvino"}', True),
        ('{"backend": "jax"}', False),
        ('{"backend": "tensorflow"}', False),
        ("{", False),
        ("[]", False),
        (None, False),
    ],
)
def test_a_keras_file_that_names_an_unsupported_framework_is_named(
    monkeypatch, tmp_path, content, wrong
):
    monkeypatch.setattr(environment_variables.importlib.util, "find_spec", lambda _: True)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    if content is not None:
        (tmp_path / "keras.json").write_text(content)
    subjects = [finding.subject for finding in environment_variables.findings()]
    assert subjects == ([str(tmp_path / "keras.json")] if wrong else [])
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")  # It is stronger than the file.
    assert environment_variables.findings() == []


def test_without_keras_its_settings_are_no_problem(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "openvino")
    monkeypatch.setattr(environment_variables.importlib.util, "find_spec", lambda _: None)
    assert environment_variables.findings() == []


# Folders and data.


@pytest.mark.usefixtures("known")
def test_a_cache_that_cannot_be_written_is_named(quick, monkeypatch):
    Path("file").write_text("in the way")
    monkeypatch.setenv("GANKIT_HOME", str(Path("file/cache").absolute()))
    code, found = quick()
    assert code == ExitCode.STORAGE
    assert "GANKIT_HOME" in by_subject(found)["cache"]["remedy"]


def test_a_missing_cache_is_no_problem_and_is_not_made(monkeypatch, tmp_path):
    monkeypatch.setenv("GANKIT_HOME", str(tmp_path / "a" / "b"))
    (cache, *_) = found = folders.folders()
    assert (cache.exists, cache.trouble) == (False, None)
    assert folders.findings(found) == []
    assert not (tmp_path / "a").exists()


@pytest.mark.usefixtures("known")
def test_a_disk_that_is_nearly_full_is_named(quick, monkeypatch):
    monkeypatch.setattr(folders.shutil, "disk_usage", lambda _: SimpleNamespace(free=999_999_999))
    code, found = quick()
    assert code == ExitCode.STORAGE
    assert set(by_subject(found)) == {"cache", "working folder"}
    monkeypatch.setattr(folders.shutil, "disk_usage", lambda _: SimpleNamespace(free=10**9))
    assert quick()[0] == ExitCode.OK


def test_runs_and_unfinished_files_are_counted():
    for name in ("one", "two"):
        Path("runs", name).mkdir(parents=True)
        Path("runs", name, "config.toml").write_bytes(b"12345")
    Path("runs", "other").mkdir()
    Path("runs/one/.gankit-12-00c0ffee-3.tmp").write_bytes(b"123")
    Path("runs/link").symlink_to("/", target_is_directory=True)
    cache = Path(os.environ["GANKIT_HOME"])
    (cache / ".00112233445566aa.part.a.gz").write_bytes(b"1")
    found = {folder.role: folder for folder in folders.folders()}
    runs = found["runs"]
    assert (runs.runs, runs.unfinished, runs.complete) == (2, 1, True)
    below = [path for path in Path("runs").rglob("*") if "link" not in path.parts]
    link = Path("runs/link").lstat().st_size
    assert runs.bytes == link + sum(path.lstat().st_size for path in below)
    assert found["cache"].unfinished == 1


@pytest.mark.usefixtures("known")
def test_a_folder_too_large_to_measure_is_reported(monkeypatch, command):
    for number in range(20):
        Path("runs", str(number)).mkdir(parents=True)
    monkeypatch.setattr(folders, "MOST_ADDING_SECONDS", -1.0)
    assert not folders.folders()[-1].complete
    assert "more than" in command("doctor", "--quick").out


@pytest.mark.usefixtures("known")
def test_an_impossible_cache_path_does_not_stop_the_doctor(quick, monkeypatch):
    monkeypatch.setenv("GANKIT_HOME", "x" * 300)
    code, found = quick()
    assert code == ExitCode.OK
    assert not found["folders"][0]["exists"]


def test_a_working_folder_that_was_removed_is_no_problem(monkeypatch, tmp_path):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert [folder.role for folder in folders.folders()] == ["cache"]


def test_only_damaged_files_in_the_cache_are_named(monkeypatch, tmp_path):
    name = "train-images-idx3-ubyte"
    cache = Path(os.environ["GANKIT_HOME"]) / "mnist"
    for folder in (cache, tmp_path / "data"):
        folder.mkdir()
        (folder / name).write_bytes(b"other data")
    monkeypatch.setenv("GANKIT_DATA", str(tmp_path / "data"))
    found = datasets.datasets()
    (finding,) = datasets.findings(found)
    assert finding.exit_code == ExitCode.DATA
    assert str(cache / name) in finding.problem
    assert "gankit data fetch mnist" in finding.remedy
    states = {report.name: report for report in found}
    assert (states["mnist"].state, len(states["mnist"].refused)) == ("not here", 2)
    assert states["glyphs"].state == "built in"


# The machine.


@pytest.mark.parametrize(
    ("files", "membership", "quota", "limit"),
    [
        ({}, "", None, None),
        ({"cpu.max": "150000 100000", "memory.max": "1000"}, "0::/", 1.5, 1000),
        ({"cpu.max": "max 100000", "memory.max": "max"}, "0::/", None, None),
        ({"a/cpu.max": "200000 100000", "a/b/cpu.max": "50000 100000"}, "0::/a/b", 0.5, None),
        ({"a/cpu.max": "50000 100000", "a/b/cpu.max": "max 100000"}, "0::/a/b", 0.5, None),
        (
            {
                "cpu/cpu.cfs_quota_us": "200000",
                "cpu/cpu.cfs_period_us": "100000",
                "memory/x/memory.limit_in_bytes": "5000",
                "memory/memory.limit_in_bytes": "9223372036854771712",
            },
            "2:cpu:/\n4:memory:/x",
            2.0,
            5000,
        ),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, "1:cpu:/", None, None),
        ({"cpu.max": "garbage", "memory.max": "\x00"}, "nonsense", None, None),
    ],
)
def test_the_limits_of_a_container_are_read(tmp_path, files, membership, quota, limit):
    for name, content in files.items():
        (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name).write_text(content)
    (tmp_path / "self").write_text(membership)
    places = tmp_path / "groups", tmp_path / "self"
    assert (cpu_quota(*places), memory_limit(*places)) == (quota, limit)


@pytest.mark.usefixtures("known")
def test_the_machine_is_described(quick):
    machine = quick()[1]["machine"]
    assert machine["usable_cpus"] >= 1
    assert machine["python"] in sys.version
