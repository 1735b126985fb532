"""The command on a full or read-only file system, and with a limit on file sizes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gankit.runs import CheckpointStore
from tests.crash import runs
from tests.crash.repetitions import record

resource = pytest.importorskip("resource", reason="this system has no limits of size")

FREE = r"\([0-9.]+ MB free there\); free some space, or name another folder"
KEEP_ALL = ["--set", "keep_checkpoints=100"]
SMALL = """
mount -t tmpfs -o size=1m gankit disk || exit 99
"$@" 2>struck; echo $? >>codes; cp -r disk/run struck-run
mount -o remount,size=64m disk
"$@" 2>resumed; echo $? >>codes; cp -r disk/run run
"""
FILLED = """
mkdir -p disk/run/checkpoints
mount -t tmpfs -o size=1m gankit disk/run/checkpoints || exit 99
"$@" 2>struck; echo $? >>codes; cp -r disk/run struck-run
mount -o remount,size=64m disk/run/checkpoints
"$@" 2>resumed; echo $? >>codes; cp -r disk/run run
"""
"""The room is estimated where the run's folder is, so that only its checkpoints find none."""
PROTECTED = """
mount -t tmpfs gankit disk || exit 99
"$@" --steps 4 2>begun; echo $? >>codes
mount -o remount,ro disk
"$@" 2>struck; echo $? >>codes; cp -r disk/run struck-run
mount -o remount,rw disk
"$@" 2>resumed; echo $? >>codes; cp -r disk/run run
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the folder of a run without faults."""
    folder = tmp_path_factory.mktemp("whole")
    runs.prepare(folder)
    assert command(folder).returncode == 0
    return folder / "run"


@pytest.fixture
def work(tmp_path):
    """Return a working folder for the command."""
    runs.prepare(tmp_path)
    return tmp_path


@pytest.fixture
def namespace(work):
    """Return the command prefix of a program with its own file system on `disk`."""
    (work / "disk").mkdir()
    words = ["unshare", "-m" if os.geteuid() == 0 else "-rm"]
    if not shutil.which("unshare"):
        pytest.skip("this system has no unshare, and so no file system of the test's own")
    mount = subprocess.run(
        [*words, "mount", "-t", "tmpfs", "gankit", work / "disk"],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if mount.returncode:
        pytest.skip(f"no file system can be mounted here: {mount.stderr.strip()}")
    return words


def command(folder, *words, limit=resource.RLIM_INFINITY):
    """Train in a separate process, whose files may have `limit` bytes."""
    return subprocess.run(
        [*runs.PROGRAM, *runs.train("run"), *words],
        cwd=folder,
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        timeout=120,
    )


def environment():
    """Return this machine's environment without gankit's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GANKIT_")}


def struck(work, script, namespace):
    """Run a script on a separate disk.

    Returns the exit codes of its commands, and the last line on standard error of the struck one.
    """
    train = [*runs.PROGRAM, *runs.train("disk/run"), *KEEP_ALL]
    ended = subprocess.run(
        [*namespace, "sh", "-c", script, "sh", *train],
        cwd=work,
        env=environment(),
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    return (work / "codes").read_text().split(), (work / "struck").read_text().splitlines()[-1]


def steps(run):
    """Return the steps of a run's checkpoints, which must be complete."""
    store = CheckpointStore(Path(run, "checkpoints"))
    return [store.load(step).step for step in store.steps()]


@pytest.mark.parametrize("limit", [1000, 50_000])
def test_a_file_size_limit_ends_the_run_with_exit_code_7(work, whole, limit):
    assert command(work, "--steps", "4").returncode == 0
    ended = command(work, limit=limit)
    assert ended.returncode == 7, ended.stderr
    last = ended.stderr.splitlines()[-1]
    assert re.search(
        f"cannot write run/.*: the file would exceed the size limit of this system {FREE}$", last
    )
    assert steps(work / "run") == [2, 4]
    assert command(work).returncode == 0
    runs.assert_same(work / "run", whole)
    record("failing-disk", f"RLIMIT_FSIZE {limit} bytes: exit code 7, resumed to the same bits")


def test_a_full_file_system_ends_the_run_with_exit_code_7_and_space_lets_it_resume(
    work, whole, namespace
):
    codes, last = struck(work, FILLED, namespace)
    assert codes == ["7", "0"]
    assert re.search(f"cannot write disk/run/.*: the disk is full {FREE}$", last)
    kept = steps(work / "struck-run")
    assert 0 < len(kept) < runs.STEPS / 2
    runs.assert_same(work / "run", whole)
    record(
        "failing-disk",
        f"a full tmpfs: exit code 7 after checkpoint {kept[-1]}, all "
        f"{len(kept)} earlier ones verify, resumed with free space to the same bits",
    )


def test_a_too_small_file_system_is_refused_before_training(work, whole, namespace):
    codes, last = struck(work, SMALL, namespace)
    assert codes == ["7", "0"]
    assert re.search(r"disk/run needs about [0-9.]+ MB, but [0-9.]+ MB are free there; ", last)
    assert steps(work / "struck-run") == []
    assert not (work / "struck-run" / "metrics.jsonl").exists()
    runs.assert_same(work / "run", whole)
    record("failing-disk", "a tmpfs too small for the run: exit code 7 before the first step")


def test_a_read_only_file_system_ends_the_run_with_exit_code_7(work, whole, namespace):
    codes, last = struck(work, PROTECTED, namespace)
    assert codes == ["0", "7", "0"]
    assert re.search(
        r"cannot write disk/run\b.*: the file system is read-only; choose a folder", last
    )
    assert steps(work / "struck-run") == [2, 4]
    runs.assert_same(work / "run", whole)
    record("failing-disk", "a tmpfs made read-only: exit code 7, resumed to the same bits")
