"""gankit never executes what it reads: neither its source nor complete runs do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.audit import Watch
from tests.crash.children import in_child
from tests.crash.dangerous_calls import dangers
from tests.crash.hostile import CANARY, a_pickle
from tests.crash.repetitions import record
from tests.paths import ROOT
from tests.selection import selected

SOURCES = sorted(
    path
    for part in ("gankit", "backends", "docs")
    for path in (ROOT / part).rglob("*.py")
    if "_build" not in path.parts
)
ALLOWED = {
    "gankit/__init__.py": "importlib.import_module(f'gankit.{_MODULES[name]}')",
    "gankit/testing/__init__.py": "importlib.import_module(f'{__name__}.{_HOMES[name]}')",
    "gankit/testing/runner/reporting.py": "importlib.import_module(module)",
    "gankit/cli/main.py": "importlib.import_module(COMMANDS[name][0])",
    # `gankit export` verifies the file that it has just written in a separate process.
    "backends/gankit_keras/exports.py": "keras.saving.load_model(path, safe_mode=True)",
    "backends/gankit_torch/exports.py": "torch.jit.load(path, map_location='cpu')",
    # Weights of Inception, read by the one way of torch that runs no code.
    "docs/examples/export_inception.py": "torch.load(path, map_location='cpu', weights_only=True)",
    "docs/stable.py": "importlib.import_module(home)",
    "docs/conf.py": "runpy.run_path(str(here / 'contract.py'))",
}
"""By file, the one call that imports or runs, by a name that no file can give it."""

DANGERS = {
    "import pickle": 1,
    "import pickle as harmless": 1,
    "from marshal import loads": 1,
    "def f():\n    import dill": 1,
    "import joblib\njoblib.load(p)": 1,
    "import shelve": 1,
    "import torch\ntorch.load(p)": 1,
    "import torch\ntorch.load(p, weights_only=True)": 1,
    "import torch as t\nt.load(p, weights_only=False)": 2,
    "from torch import load\nload(p)": 1,
    "from torch import save as keep\nkeep(p)": 1,
    "import keras\nkeras.models.load_model(p)": 1,
    "import keras\nkeras.saving.load_model(p, safe_mode=False)": 2,
    "import numpy as np\nnp.load(p)": 1,
    "import numpy as np\nnp.load(p, allow_pickle=True)": 1,
    "from numpy import load\nload(p)": 1,
    "import numpy as np\nnp.load(p, allow_pickle=False)": 0,
    "from numpy.lib import format\nformat.read_array(f)": 1,
    "np.save(p, a, allow_pickle=flag)": 1,
    "eval(text)": 1,
    "module.eval()": 0,
    "exec(text)": 1,
    "compile(text, 'f', 'exec')": 1,
    "re.compile(text)": 0,
    "__import__(name)": 1,
    "import importlib\nimportlib.import_module(name)": 1,
    "from importlib import import_module\nimport_module(name)": 1,
    "archive.extractall(p)": 1,
    "archive.extract(m, p)": 1,
    "import shutil\nshutil.unpack_archive(p)": 1,
    "import yaml\nyaml.load(f)": 1,
    "import os\nos.system(c)": 1,
    "import runpy\nrunpy.run_path(p)": 1,
    "spec.loader.exec_module(m)": 1,
}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_can_execute_data(path):
    found = [line.partition(": ")[2] for line in dangers(path.read_text("utf-8"))]
    allowed = ALLOWED.get(str(path.relative_to(ROOT)))
    assert found == ([allowed] if allowed else [])


@pytest.mark.parametrize(("text", "count"), DANGERS.items(), ids=range(len(DANGERS)))
def test_the_search_finds_each_danger_and_nothing_else(text, count):
    assert len(dangers(text)) == count


def test_there_are_sources_to_search():
    assert len(SOURCES) > 150
    assert {path.relative_to(ROOT).parts[0] for path in SOURCES} == {"gankit", "backends", "docs"}


def watched(backend, folder):
    """Return the audit events of a complete run in a separate process, by phase."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GANKIT_")}
    (folder / f"{CANARY}.py").write_text("raise SystemExit('I was imported')", "utf-8")
    path = os.pathsep.join([str(folder), environment.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.complete_run", backend, str(folder)],
        cwd=ROOT,
        env=environment | {"PYTHONPATH": path, "HOME": str(folder)},
        timeout=280,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("backend", ["numpy", "torch", "keras"])
def test_a_complete_run_executes_no_data_and_imports_no_module(backend, tmp_path):
    if not selected(backend):
        pytest.skip(f"{backend} is not among those to test")
    phases = watched(backend, tmp_path)
    for name, heard in phases.items():
        assert [name, heard["executed"], heard["imported"]] == [name, [], []]
    for name in ("resume", "load", "sample"):
        opened = {Path(path).name for path in phases[name]["opened"]}
        assert {"config.toml", "manifest.json", "generator.safetensors"} <= opened
    record(
        "no-pickle",
        f"{backend}: train, resume, load and sample with an audit hook, nothing executed",
    )


def heard(act):
    """Return the audit events of a function."""
    watch = Watch()
    with watch:
        act()
    return {"executed": watch.executed(), "imported": watch.imported(), "written": watch.written}


def unpickle():
    import pickle

    with pytest.raises(ModuleNotFoundError, match=CANARY):
        pickle.loads(a_pickle())  # noqa: S301 - that is what has to be heard.


def unmarshal():
    import marshal

    exec(marshal.loads(marshal.dumps(compile("1", "data", "exec"))))  # noqa: S102, S302


def load_with_numpy(path):
    import numpy as np

    np.save(path, np.array([{1}], object), allow_pickle=True)
    np.load(path, allow_pickle=True)


@pytest.mark.parametrize(
    ("act", "event"),
    [
        (unpickle, "pickle.find_class"),
        (unpickle, "exec"),
        (unmarshal, "marshal.loads"),
        (unmarshal, "exec of data"),
        (lambda: os.system("true"), "os.system"),  # noqa: S605, S607
        (lambda: subprocess.run(["true"], check=True, timeout=9), "subprocess.Popen"),  # noqa: S607
        (lambda: eval("1"), "exec of <string>"),  # noqa: S307
    ],
)
def test_the_audit_hook_detects_execution_of_data(act, event):
    said = in_child(heard, act)
    assert said.error is None
    assert any(line.startswith(event) for line in said.value["executed"])


def test_the_audit_hook_detects_a_pickle_that_numpy_loads(tmp_path):
    said = in_child(heard, lambda: load_with_numpy(tmp_path / "a.npy"))
    assert any(line.startswith("pickle.find_class") for line in said.value["executed"])
    assert str(tmp_path / "a.npy") in said.value["written"]


def test_code_that_python_itself_runs_is_no_danger(tmp_path, monkeypatch):
    (tmp_path / "innocent.py").write_text(
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    a: int\n", "utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    said = in_child(heard, lambda: __import__("innocent"))
    assert said.value["executed"] == []
    assert "innocent" in said.value["imported"]
