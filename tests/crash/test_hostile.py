"""Hostile files are refused quickly, with little memory, and are never executed."""

from __future__ import annotations

import os
import pickle
import resource
import sys

import pytest

import gankit.api
from gankit import plugins
from gankit.config import layering
from gankit.errors import GankitError
from tests.crash.audit import Watch
from tests.crash.children import in_child
from tests.crash.hostile import CANARY, FILES, a_pickle, checkpoints, data, runs, settings
from tests.crash.repetitions import record

SECONDS = 2
MEGABYTES = 256
ROOM = 2**31
"""Bytes of address space that a child may take beyond its own: a machine of that much memory."""
MAKERS = checkpoints, data, runs, settings
costs: list[tuple[float, float]] = []


@pytest.fixture(scope="module", autouse=True)
def _everything_imported():
    """Import the readers' lazy modules first: then any later import is caused by data."""
    import PIL.Image
    import pydantic  # noqa: F401

    PIL.Image.init()
    plugins.backends()
    layering.config_of([settings.SIMPLE])
    with pytest.raises(GankitError):
        gankit.api.load("nowhere")


@pytest.fixture
def canary(tmp_path, monkeypatch):
    """Install the canary module; return the file that its import writes."""
    (tmp_path / "cage").mkdir()
    source = "from pathlib import Path\nPath(__file__).with_name('sang').touch()\n"
    (tmp_path / "cage" / f"{CANARY}.py").write_text(source, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "cage"))
    monkeypatch.setenv("GANKIT_HOME", str(tmp_path / "cache"))
    return tmp_path / "cage" / "sang"


def fed(read, path):
    """Read a file with little memory; return the result and the audit events."""
    now = int(open("/proc/self/statm").read().split()[0]) * os.sysconf("SC_PAGE_SIZE")  # noqa: PTH123, SIM115
    resource.setrlimit(resource.RLIMIT_AS, (now + ROOM, now + ROOM))
    watch = Watch()
    with watch:
        try:
            ended = ["nothing", "" if read(path) in (None, {}, []) else "a value"]
        except GankitError as error:
            ended = [type(error).__name__, str(error)]
    return {"ended": ended, "executed": watch.executed(), "imported": watch.imported()}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_hostile_file_is_refused_at_once_and_not_executed(file, tmp_path, canary):
    (tmp_path / "files").mkdir()
    path = file.make(tmp_path / "files")
    assert os.path.lexists(path)
    child = in_child(fed, file.read, path, limit=20)
    assert (child.signal, child.error) == (0, None)
    kind, message = child.value["ended"]
    assert (kind, message if file.ends is None else "") == (file.ends or "nothing", "")
    assert "\n" not in message
    assert child.value["executed"] == []
    assert strange(child.value["imported"]) == []
    assert not canary.exists()
    assert child.seconds <= SECONDS
    assert child.megabytes <= MEGABYTES
    costs.append((child.seconds, child.megabytes))


def strange(names):
    """Return the modules that are neither Python's nor already imported."""
    had = {name.partition(".")[0] for name in sys.modules} | sys.stdlib_module_names
    return [name for name in names if name.partition(".")[0] not in had]


@pytest.mark.usefixtures("canary")
def test_the_audit_hook_detects_a_loaded_pickle(canary, tmp_path):
    (tmp_path / "pickle").write_bytes(a_pickle())
    child = in_child(fed, lambda path: pickle.loads(path.read_bytes()), tmp_path / "pickle")  # noqa: S301
    assert any("pickle.find_class" in event for event in child.value["executed"])
    assert any(event.startswith("exec of ") for event in child.value["executed"])
    assert strange(child.value["imported"]) == [CANARY]
    assert canary.exists()


def test_a_file_behind_a_lock_link_is_unchanged(tmp_path):
    run = runs.a_lock_that_is_a_link_to_another_file(tmp_path)
    assert in_child(fed, runs.taken, run).value["ended"][0] == "StorageError"
    assert (tmp_path / "precious").read_text() == "all that I have"


@pytest.mark.parametrize("greedy", [lambda _: bytearray(2**28 + 2**24), lambda _: [0] * 2**26])
def test_the_memory_measurement_can_fail(greedy, tmp_path):
    assert in_child(fed, greedy, tmp_path).megabytes > MEGABYTES


def test_enough_hostile_files_are_tested_and_their_cost_is_recorded():
    assert len(FILES) >= 40
    assert len({file.name for file in FILES}) == len(FILES)
    if len(costs) == len(FILES):
        seconds, megabytes = (max(column) for column in zip(*costs, strict=True))
        record(
            "hostile",
            f"{len(FILES)} files, each a typed error or skipped; at most {seconds:.1f} s and "
            f"{megabytes:.0f} MB; nothing executed, nothing imported",
        )
