"""Windows and macOS lack what gankit does not need: one module uses it, and can do without."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest

from tests.paths import ROOT
from tests.system_names import DIFFERENT, MODULES, PROBED, lacked

SYSTEM = ROOT / "gankit" / "_utils" / "system.py"
SOURCES = sorted(p for name in ("gankit", "backends") for p in (ROOT / name).rglob("*.py"))
LIMITED = set(PROBED) - {"sys"}  # The standard streams are found by their names.
FOLDERS = re.compile("/(proc|sys|dev)/")
OF_PROCESSES = {"start_new_session", "process_group", "preexec_fn", "pass_fds", "creationflags"}
"""Arguments of `subprocess.Popen` that some system lacks."""


def used(tree):
    """Return what a module uses that some system lacks, or that differs between them."""
    return [found for node in ast.walk(tree) for found in uses(node)]


def uses(node):
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names if alias.name.partition(".")[0] in MODULES]
        case ast.ImportFrom(module=module, names=names) if module in MODULES:
            return [module]
        case ast.ImportFrom(module=module, names=names) if module in PROBED:
            return [f"{module}.{alias.name}" for alias in names if differs(module, alias.name)]
        case ast.Attribute(value=ast.Name(id=module), attr=name) if module in PROBED:
            return [f"{module}.{name}"] if differs(module, name) else []
        case ast.Call(func=ast.Name(id="hasattr" | "getattr"), args=[ast.Name(id=module), *_]):
            return [f"an attribute of {module} by its name"] if module in LIMITED else []
        case ast.Call(func=ast.Attribute(attr="send_signal")):
            return ["send_signal"]
        case ast.keyword(arg=name) if name in OF_PROCESSES:
            return [name]
        case ast.Constant(value=str(text)) if FOLDERS.match(text):
            return [text]
    return []


def differs(module, name):
    return name in lacked(module) or f"{module}.{name}" in DIFFERENT


def test_the_names_are_known():
    assert {"fork", "killpg", "pread", "sched_getaffinity", "O_NOFOLLOW"} <= lacked("os")
    assert {"SIGKILL", "SIGHUP", "SIGTSTP", "pthread_sigmask"} <= lacked("signal")
    assert not {"path", "environ", "open", "replace", "fsync"} & lacked("os")


def test_one_module_uses_what_some_system_lacks():
    found = {
        str(path.relative_to(ROOT)): used(ast.parse(path.read_text("utf-8"))) for path in SOURCES
    }
    assert len(found[str(SYSTEM.relative_to(ROOT))]) > 10
    del found[str(SYSTEM.relative_to(ROOT))]
    assert {path: names for path, names in found.items() if names} == {}


def test_a_run_needs_nothing_that_some_system_lacks(tmp_path):
    pytest.importorskip("mypy")  # Its stubs say which names those are.
    command = [sys.executable, "-m", "tests.other_system", str(tmp_path)]
    done = subprocess.run(
        command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    made = {part for path in tmp_path.rglob("*") for part in path.relative_to(tmp_path).parts}
    assert "run" in made
    assert not [name for name in made if re.search(r'[<>:"\\|?*]|[. ]$', name)]
