"""`gankit checkpoint`: lists, verifies and prunes a run's checkpoints."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gankit._utils import atomic_files
from gankit.errors import ExitCode, StorageError
from gankit.runs import RunFolder, manifest, tensors
from gankit.runs.manifest import Manifest

FILE = "generator.safetensors"
ROW = {"path", "step", "created", "backend", "bytes", "valid", "reason", "best"}


@pytest.fixture
def run(machine):
    """Return a run with complete checkpoints of steps 10, 20, 30 and 40."""
    folder = RunFolder(machine / "run")
    folder.create("batch = 1\n", {})
    for step in (10, 20, 30, 40):
        folder.checkpoints.save(step, state(step), {"backend": "numpy"})
    return folder


def state(step):
    return {
        "generator/0.kernel": np.full((3, 2), step, np.float32),
        "step": np.array(step, np.int64),
    }


def there(folder):
    """Return every path in a folder with its bytes."""
    return {p: p.is_file() and p.read_bytes() for p in folder.rglob("*")}


def flip_a_bit(folder):
    content = bytearray((folder / FILE).read_bytes())
    content[-1] ^= 1
    (folder / FILE).write_bytes(content)


def truncate(folder):
    (folder / FILE).write_bytes((folder / FILE).read_bytes()[:-1])


def lose_a_file(folder):
    (folder / FILE).unlink()


def edit_the_manifest(folder):
    file = folder / manifest.NAME
    file.write_bytes(file.read_bytes().replace(b"numpy", b"torch"))


def lose_the_manifest(folder):
    (folder / manifest.NAME).unlink()


def take_another_steps_place(folder):
    for name in (FILE, "trainer.safetensors", manifest.NAME):
        (folder / name).write_bytes((folder.parent / "000010" / name).read_bytes())


def seal(folder, arrays, promised):
    """Write a checkpoint of `arrays` with valid digests and a manifest of other arrays."""
    content = tensors.encode(arrays)
    files = {FILE: manifest.describe(content, promised)}
    (folder / FILE).write_bytes(content)
    (folder / "trainer.safetensors").unlink()
    said = Manifest(int(folder.name), "0.1.0", "2026-01-01", {}, files)
    (folder / manifest.NAME).write_bytes(said.encode())


def hold_a_nan(folder):
    arrays = {"generator/0.kernel": np.array([1, np.nan], np.float32)}
    seal(folder, arrays, arrays)


def promise_another_shape(folder):
    seal(folder, {"a": np.zeros((2, 3), np.float32)}, {"a": np.zeros((3, 2), np.float32)})


def promise_another_type(folder):
    seal(folder, {"a": np.zeros(2, np.int32)}, {"a": np.zeros(2, np.float32)})


def promise_another_name(folder):
    seal(folder, {"a": np.zeros(2, np.float32)}, {"b": np.zeros(2, np.float32)})


DAMAGE = (
    flip_a_bit,
    truncate,
    lose_a_file,
    edit_the_manifest,
    lose_the_manifest,
    take_another_steps_place,
    hold_a_nan,
    promise_another_shape,
    promise_another_type,
    promise_another_name,
)


# list


def test_each_checkpoint_has_a_line_the_oldest_first(run, command):
    ended = command("checkpoint", "list", run.path)
    assert (ended.code, ended.err) == (ExitCode.OK, "")
    lines = [line.split() for line in ended.out.splitlines()]
    assert [line[0] for line in lines] == ["10", "20", "30", "40"]
    assert all("numpy" in line and line[-1] == "valid" for line in lines)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_checkpoint_is_listed_with_the_reason(run, command, damage):
    damage(run.checkpoints.path(30))
    ended = command("checkpoint", "list", run.path)
    assert ended.code == ExitCode.OK
    states = [line.split("kB  ")[-1] for line in ended.out.splitlines()]
    assert states[:2] + states[3:] == ["valid"] * 3
    assert states[2].startswith("damaged: ")
    assert len(states[2]) > len("damaged: ")


def test_a_list_as_json_has_the_numbers(run, command):
    flip_a_bit(run.checkpoints.path(20))
    rows = json.loads(command("checkpoint", "list", run.path, "--json").out)
    assert all(row.keys() == ROW for row in rows)
    assert [(row["step"], row["valid"]) for row in rows] == [
        (10, True),
        (20, False),
        (30, True),
        (40, True),
    ]
    assert FILE in rows[1]["reason"]
    folder = run.checkpoints.path(30)
    assert rows[2]["path"] == str(folder)
    assert rows[2]["bytes"] == sum(file.stat().st_size for file in folder.iterdir())
    assert rows[2]["created"].startswith("20")


def test_a_quick_list_reads_no_state_and_verifies_nothing(run, command):
    flip_a_bit(run.checkpoints.path(20))
    rows = json.loads(command("checkpoint", "list", run.path, "--json", "--quick").out)
    assert [row["valid"] for row in rows] == [None] * 4
    assert "valid" not in command("checkpoint", "list", run.path, "--quick").out


def test_a_run_without_checkpoints_lists_nothing(machine, command):
    RunFolder(machine / "new").create("batch = 1\n", {})
    ended = command("checkpoint", "list", "new")
    assert (ended.code, ended.out) == (ExitCode.OK, "")
    assert "no checkpoint" in ended.err
    assert json.loads(command("checkpoint", "list", "new", "--json").out) == []


def test_control_characters_of_a_manifest_are_escaped(run, command):
    run.checkpoints.save(50, state(50), {"backend": "\a\x1b[31mred\nline"})
    out = command("checkpoint", "list", run.path).out
    assert r"\x07\x1b[31mred line" in out
    assert len(out.splitlines()) == 5


# verify


def test_verify_accepts_complete_checkpoints(run, command):
    ended = command("checkpoint", "verify", run.path)
    assert ended.code == ExitCode.OK
    assert [line.split()[-1] for line in ended.out.splitlines()] == ["valid"] * 4


@pytest.mark.parametrize("damage", DAMAGE)
def test_verify_reports_a_damaged_checkpoint_and_checks_the_others(run, command, damage):
    damage(run.checkpoints.path(30))
    ended = command("checkpoint", "verify", run.path)
    assert ended.code == ExitCode.CHECKPOINT
    assert ended.out.count("  valid\n") == 3
    assert ended.out.count("  damaged: ") == 1


def test_a_checkpoint_can_be_named_by_its_folder(run, command):
    good, bad = run.checkpoints.path(10), run.checkpoints.path(20)
    lose_the_manifest(bad)
    assert command("checkpoint", "verify", good).code == ExitCode.OK
    assert command("checkpoint", "verify", bad).code == ExitCode.CHECKPOINT
    ended = command("checkpoint", "verify", good, bad, "--json")
    assert ended.code == ExitCode.CHECKPOINT
    assert [row["valid"] for row in json.loads(ended.out)] == [True, False]


def test_verify_accepts_a_renamed_copy_of_a_checkpoint(run, command, machine):
    run.checkpoints.path(20).rename(machine / "best")
    rows = json.loads(command("checkpoint", "verify", "best", "--json").out)
    assert [(row["step"], row["valid"]) for row in rows] == [(20, True)]


def test_verify_checks_a_checkpoint_named_twice_once(run, command):
    ended = command("checkpoint", "verify", run.checkpoints.path(10), run.path)
    assert len(ended.out.splitlines()) == 4


WRONG = ("nothing", ".", "run/checkpoints", "run/config.toml", "x" * 300)
CASES = [(name, wrong) for name in ("list", "verify", "prune") for wrong in WRONG]


@pytest.mark.parametrize(("name", "wrong"), [*CASES, ("verify", "none"), ("prune", "none")])
def test_a_wrong_folder_gives_one_line_and_exit_code_4(run, command, name, wrong):
    RunFolder(run.path.parent / "none").create("batch = 1\n", {})
    before = there(run.path)
    ended = command("checkpoint", name, wrong, *(["--keep", "1"] if name == "prune" else []))
    assert ended.code == ExitCode.CHECKPOINT
    assert ended.out == ""
    assert ended.err.count("\n") == 1
    assert wrong in ended.err
    assert there(run.path) == before


# prune


def test_prune_keeps_the_newest_and_prints_the_bytes_freed(run, command):
    folders = run.checkpoints.folder.iterdir()
    sizes = {path: sum(file.stat().st_size for file in path.iterdir()) for path in folders}
    ended = command("checkpoint", "prune", run.path, "--keep", "2")
    assert ended.code == ExitCode.OK
    assert run.checkpoints.steps() == [30, 40]
    gone = [run.checkpoints.path(step) for step in (10, 20)]
    assert ended.out.splitlines() == [str(path) for path in gone]
    freed = sum(sizes[path] for path in gone) / 1e3
    assert f"removed 2, freed {freed:.1f} kB, kept 2 valid" in ended.err


def test_a_damaged_newer_checkpoint_does_not_replace_the_last_complete_one(run, command):
    for step in (30, 40):
        flip_a_bit(run.checkpoints.path(step))
    ended = command("checkpoint", "prune", run.path, "--keep", "1")
    assert ended.code == ExitCode.OK
    assert run.checkpoints.steps() == [20, 30, 40]
    assert run.checkpoints.newest_valid().step == 20
    assert [line for line in ended.err.splitlines() if "000030" in line and "damaged" in line]
    assert [line for line in ended.err.splitlines() if "000040" in line and "damaged" in line]


def test_prune_removes_damaged_checkpoints_only_on_request(run, command):
    for step in (10, 40):
        flip_a_bit(run.checkpoints.path(step))
    ended = command("checkpoint", "prune", run.path, "--keep", "1", "--damaged", "--json")
    assert ended.code == ExitCode.OK
    assert run.checkpoints.steps() == [30]
    said = json.loads(ended.out)
    assert {key: [row["step"] for row in said[key]] for key in ("removed", "kept", "left")} == {
        "removed": [10, 20, 40],
        "kept": [30],
        "left": [],
    }
    assert said["freed_bytes"] == sum(row["bytes"] for row in said["removed"])


@pytest.mark.parametrize("options", [[], ["--damaged"], ["--damaged", "--dry-run"]])
def test_prune_removes_nothing_if_no_checkpoint_is_complete(run, command, options):
    for step in run.checkpoints.steps():
        flip_a_bit(run.checkpoints.path(step))
    ended = command("checkpoint", "prune", run.path, "--keep", "1", *options)
    assert (ended.code, ended.out) == (ExitCode.CHECKPOINT, "")
    assert ended.err.endswith("no checkpoint is valid\n")
    assert run.checkpoints.steps() == [10, 20, 30, 40]


def test_a_dry_run_prints_the_same_and_removes_nothing(run, command):
    flip_a_bit(run.checkpoints.path(40))
    before = there(run.path)
    tried = command("checkpoint", "prune", run.path, "--keep", "1", "--dry-run")
    assert there(run.path) == before
    assert "would remove 2" in tried.err
    done = command("checkpoint", "prune", run.path, "--keep", "1")
    assert tried.out == done.out
    assert run.checkpoints.steps() == [30, 40]


@pytest.mark.parametrize("keep", [0, -1])
def test_prune_keeps_at_least_one_checkpoint(run, command, keep):
    ended = command("checkpoint", "prune", run.path, "--keep", keep)
    assert ended.code == ExitCode.USAGE
    assert str(keep) in ended.err
    assert len(run.checkpoints.steps()) == 4


def test_keeping_more_checkpoints_than_exist_removes_nothing(run, command):
    ended = command("checkpoint", "prune", run.path, "--keep", "9")
    assert (ended.code, ended.out) == (ExitCode.OK, "")
    assert len(run.checkpoints.steps()) == 4


HOLD = """
import sys
from gankit.runs import RunFolder
with RunFolder(sys.argv[1]).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_prune_refuses_a_run_that_is_being_trained(run, command):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, run.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout.readline() == b"held\n"
        ended = command("checkpoint", "prune", run.path, "--keep", "1")
        assert (ended.code, ended.out) == (ExitCode.STORAGE, "")
        assert str(holder.pid) in ended.err
        assert len(run.checkpoints.steps()) == 4
        holder.stdin.close()
    assert holder.returncode == 0
    assert command("checkpoint", "prune", run.path, "--keep", "1").code == ExitCode.OK


def test_a_failing_removal_reports_the_removed_checkpoints_and_keeps_the_newest(
    run, command, monkeypatch
):
    remove, calls = atomic_files.remove, []

    def failing(path):
        calls.append(path)
        if len(calls) == 2:
            raise StorageError(f"cannot write {path}: the disk reports an error")
        remove(path)

    monkeypatch.setattr(atomic_files, "remove", failing)
    ended = command("checkpoint", "prune", run.path, "--keep", "1")
    assert ended.code == ExitCode.STORAGE
    assert ended.out.splitlines() == [str(run.checkpoints.path(10))]
    assert run.checkpoints.steps() == [20, 30, 40]


def test_a_link_is_never_followed(run, command, machine):
    elsewhere = machine / "elsewhere"
    run.checkpoints.path(20).rename(elsewhere)
    run.checkpoints.path(20).symlink_to(elsewhere)
    command("checkpoint", "prune", run.path, "--keep", "1", "--damaged")
    assert run.checkpoints.steps() == [40]
    assert len(list(Path(elsewhere).iterdir())) == 3
