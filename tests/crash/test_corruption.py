"""A checkpoint that differs from the saved one by any bit is refused by the file's name."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from safetensors import SafetensorError

from gankit.runs import read_checkpoint
from tests.crash import runs
from tests.crash.repetitions import FULL, record, short_or_full
from tests.crash.stores import FILES, TENSORS, only, refusal, reseal

PAGE = 4096
BITS = 300
"""How many bits of the first 4 KiB of each file are flipped, unless all are."""


def assert_refused(file):
    """Fail unless the checkpoint of a file is refused in one line that names the file."""
    said = refusal(file.parent)
    assert str(file) in said
    return said


def loads_alone(file):
    """Return whether safetensors itself accepts a file."""
    try:
        safetensors.numpy.load(file.read_bytes())
    except SafetensorError:
        return False
    return True


@contextmanager
def flipped(file, bit):
    """Flip one bit of a file inside the block."""
    descriptor = os.open(file, os.O_RDWR)
    byte = os.pread(descriptor, 1, bit // 8)
    os.pwrite(descriptor, bytes([byte[0] ^ 1 << int(bit) % 8]), bit // 8)
    yield
    os.pwrite(descriptor, byte, bit // 8)
    os.close(descriptor)


@pytest.mark.parametrize("name", FILES)
def test_any_flipped_bit_at_the_beginning_of_a_file_is_refused(checkpoint, name):
    file = checkpoint / name
    bits = range(8 * min(PAGE, file.stat().st_size))
    chosen = (
        bits if FULL else np.random.default_rng(FILES.index(name)).choice(bits, BITS, replace=False)
    )
    for bit in chosen:
        with flipped(file, bit):
            assert_refused(file)
    assert only(read_checkpoint(checkpoint)), "all was as before, but for the bit"
    record(
        "corruption",
        f"{name}: {len(chosen)} bits of its first {len(bits) // 8} bytes, each refused",
    )


def test_any_flipped_bit_is_refused_also_those_that_safetensors_accepts(checkpoint):
    sizes = [(checkpoint / name).stat().st_size for name in FILES]
    chance, silent, alone = np.random.default_rng(7), 0, 0
    flips = short_or_full(300, 2000)
    for name in chance.choice(FILES, flips, p=np.divide(sizes, sum(sizes))):
        file = checkpoint / name
        with flipped(file, chance.integers(8 * file.stat().st_size)):
            assert_refused(file)
            if name in TENSORS:
                alone += 1
                silent += loads_alone(file)
    assert silent > alone / 2, "safetensors has no checksum"
    record(
        "corruption",
        f"{flips} random bits, each refused; safetensors alone takes "
        f"{silent} of {alone} without an error",
    )


def lengths(content):
    """Return the lengths at which a part of a safetensors file ends, and the neighbouring ones."""
    header = 8 + int.from_bytes(content[:8], "little")
    ends = {0, 8, header, len(content) // 2, len(content)}
    near = {end + beside for end in ends for beside in (-1, 0, 1)}
    return sorted(length for length in near if 0 <= length < len(content))


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_ends_early_or_late_is_refused(checkpoint, name):
    file = checkpoint / name
    content = file.read_bytes()
    ends = lengths(content) if name in TENSORS else range(0, len(content), short_or_full(10, 1))
    for length in ends:
        file.write_bytes(content[:length])
        assert_refused(file)
    for more in (b"\0", content, bytes(PAGE)):
        file.write_bytes(content + more)
        assert_refused(file)
    file.write_bytes(content)
    assert only(read_checkpoint(checkpoint))
    record("corruption", f"{name}: cut at {len(ends)} places and made longer at 3, each refused")


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_zeros_in_it_is_refused(checkpoint, name):
    file = checkpoint / name
    content = file.read_bytes()
    half = len(content) // 2
    zeroed = [bytes(len(content)), bytes(half) + content[half:], content[:half] + bytes(half + 1)]
    for bad in zeroed:
        file.write_bytes(bad[: len(content)])
        assert_refused(file)


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_step_is_refused(checkpoint, name):
    other = checkpoint.with_name("000001") / name
    assert other.read_bytes() != (checkpoint / name).read_bytes()
    shutil.copy(other, checkpoint / name)
    assert_refused(checkpoint / name)
    if name in TENSORS:
        assert loads_alone(checkpoint / name), "nothing in the file itself is wrong"


def test_a_file_of_another_part_is_refused(checkpoint):
    swapped = 0
    for name in TENSORS:
        content = (checkpoint / name).read_bytes()
        for other in set(TENSORS) - {name}:
            shutil.copy(checkpoint / other, checkpoint / name)
            assert loads_alone(checkpoint / name)
            assert_refused(checkpoint / name)
            swapped += 1
        (checkpoint / name).write_bytes(content)
    assert only(read_checkpoint(checkpoint))
    record(
        "corruption",
        f"files swapped between steps and parts, {swapped + len(FILES)} times, each refused",
    )


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(checkpoint, name):
    (checkpoint / name).unlink()
    assert "is missing" in assert_refused(checkpoint / name)


def test_a_checkpoint_under_the_name_of_another_step_is_refused(checkpoint):
    moved = checkpoint.rename(checkpoint.with_name("000003"))
    assert "is of step 2, not 3" in assert_refused(moved / "manifest.json")


def cut(file):
    file.write_bytes(file.read_bytes()[:-1])


def flip(file):
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def zero(file):
    file.write_bytes(bytes(file.stat().st_size))


def swap(file):
    shutil.copy(file.parent.with_name("000002") / file.name, file)


def edit(file):
    reseal(file.parent, lambda said: said["files"][file.name].update(sha256="0" * 64))


@pytest.mark.parametrize("damage", [cut, flip, zero, swap, Path.unlink, edit])
def test_a_run_whose_newest_checkpoint_is_damaged_resumes_from_the_one_before(
    short_run, command, damage
):
    file = Path("run/checkpoints/000004/generator.safetensors")
    damage(file)
    ended = command(*runs.train("run"))
    assert ended.code == 0, ended.err
    complaint, going_on = [line for line in ended.err.splitlines() if "run/checkpoints" in line]
    assert re.match(rf"gankit: warning: skipped: {file}:? ", complaint)
    assert going_on == "resuming after step 2 from run/checkpoints/000002"
    runs.assert_same("run", short_run)
    record(
        "corruption",
        f"--resume auto after {damage.__name__}: skipped, and the same bits as an undisturbed run",
    )


@pytest.fixture
def short_run(tmp_path, monkeypatch, command):
    """Make a run in `run` with checkpoints of steps 2 and 4; return a complete run."""
    for name in [name for name in os.environ if name.startswith("GANKIT_") and "CRASH" not in name]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    runs.prepare(tmp_path)
    assert command(*runs.train("whole")).code == 0
    assert command(*runs.train("run", steps=4)).code == 0
    return tmp_path / "whole"
