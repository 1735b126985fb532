"""Unfinished files: those of killed processes are removed, those of running ones are not."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gankit._utils import atomic_files, system, unfinished_files
from gankit.data import ImageOptions, pack
from gankit.data.temporary_files import temporary
from gankit.runs import arrays

pytestmark = pytest.mark.skipif(system.fcntl is None, reason="needs locks of the system")
HOLDERS = {
    "a download or a pack": "from gankit.data.temporary_files import temporary as hold",
    "an export or an array": "from gankit._utils.atomic_files import workplace as hold",
}


@contextmanager
def writer(target, imported):
    """Start a process that writes beside `target`; return its unfinished files and the process."""
    code = f"{imported}\nimport sys, pathlib\nwith hold(pathlib.Path(sys.argv[1])) as part:\n" + (
        "    print(part, flush=True)\n    sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(target)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Path(process.stdout.readline().strip()), process
    finally:
        process.kill()
        process.communicate(timeout=60)


def again(target, imported):
    """Write beside `target` from this process."""
    with (temporary if "temporary" in imported else atomic_files.workplace)(target):
        pass


@pytest.mark.parametrize("imported", HOLDERS.values(), ids=HOLDERS)
def test_the_next_process_removes_files_of_a_killed_process_and_no_others(tmp_path, imported):
    with writer(tmp_path / "o.npy", imported) as (part, process):
        again(tmp_path / "o.npy", imported)
        assert part.exists()
        process.kill()
        process.wait(60)
        again(tmp_path / "o.npy", imported)
        assert list(tmp_path.iterdir()) == []


def test_packing_removes_files_of_killed_processes(tmp_path):
    (tmp_path / "many").mkdir()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "many" / "0.png")
    for _ in range(2):
        with writer(tmp_path / "o.npy", HOLDERS["a download or a pack"]) as (part, _process):
            assert part.exists()
    assert len(list(tmp_path.glob(".*"))) == 1
    pack(tmp_path / "many", tmp_path / "o.npy", ImageOptions())
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize(
    "write",
    [
        lambda path: arrays.write(path / "x.npy", iter([np.zeros((1, 2, 2, 1))]), 1),
        lambda path: atomic_files.write_file(
            path / "page.html", bytes(atomic_files.SWEEP_BYTES + 1)
        ),
    ],
    ids=["sample --out x.npy", "report"],
)
def test_every_writer_of_large_files_removes_unfinished_ones(tmp_path, write):
    with writer(tmp_path / "g", HOLDERS["an export or an array"]) as (part, _process):
        (part / "half").write_bytes(b"half")
    assert part.exists()
    write(tmp_path)
    assert not part.exists()


def test_without_file_locks_age_decides_what_is_removed(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(system.fcntl, "flock", refused)
    (tmp_path / ".00112233445566aa.part.a").write_bytes(b"half")
    again(tmp_path / "o.npy", "temporary")
    assert len(list(tmp_path.iterdir())) == 1


def test_an_unfinished_file_removed_before_it_is_locked_is_made_again(tmp_path, monkeypatch):
    real, removed = system.fcntl.flock, []

    def after_a_sweep(descriptor, how):
        if not removed:
            removed.extend(tmp_path.iterdir())
            removed[0].unlink()
        real(descriptor, how)

    monkeypatch.setattr(system.fcntl, "flock", after_a_sweep)
    with unfinished_files.created_locked(tmp_path / "part"):
        assert removed
        assert unfinished_files.is_locked(tmp_path / "part")
