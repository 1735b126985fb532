"""A user's own images, from a path to a trained run."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gankit
from tests.selection import selected

TRAIN = ("train", "--backend", "numpy", "--steps", "2", "--batch", "4", "--out", "run")
BACKENDS = [name for name in ("numpy", "torch", "keras") if selected(name)]
MIB = 2**20


@pytest.fixture
def photos(machine):
    """Return a folder of ten pictures of odd sizes, in a folder for each of two classes."""
    random = np.random.default_rng(0)
    for number in range(10):
        folder = machine / "photos" / ("cats", "dogs")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (30 + number, 50 - number, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return machine / "photos"


def settings():
    return tomllib.loads(Path("run/config.toml").read_text("utf-8"))


def test_a_folder_of_pictures_is_resized_to_the_nearest_size_of_networks(photos, command):
    ended = command(*TRAIN, "--dataset", f"{photos}/", "--set", "width=2")
    assert ended.code == 0, ended.err
    assert gankit.load("run").sample(2).shape == (2, 32, 48, 3)


def test_class_folders_make_a_class_conditional_run(photos, command):
    ended = command(*TRAIN, "--recipe", "cgan", "--dataset", photos)
    assert ended.code == 0, ended.err
    assert settings()["classes"] == 2
    assert command("sample", "run", "--class", "1").code == 0
    assert command("sample", "run", "--class", "2").code == 2


def test_a_bad_picture_is_named_and_skipped_only_on_request(photos, command):
    (photos / "cats" / "broken.png").write_bytes(b"no picture")
    refused = command(*TRAIN, "--dataset", "./photos")
    assert refused.code == 3
    assert "broken.png" in refused.err
    assert not (photos.parent / "run").exists()
    assert command(*TRAIN, "--dataset", "./photos", "--skip-bad").code == 0


def test_picture_options_are_recorded_and_change_the_trained_weights(photos, command):
    assert command(*TRAIN, "--dataset", photos, "--fit", "pad").code == 0
    assert settings()["images"]["fit"] == "pad"
    padded = gankit.load("run").history
    stretched = (*TRAIN[:-1], "other", "--dataset", "./photos", "--fit", "stretch")
    assert command(*stretched).code == 0
    assert not np.array_equal(padded, gankit.load("other").history)


def test_a_missing_path_is_refused_in_one_line(machine, command):
    ended = command(*TRAIN, "--dataset", "./nothing")
    assert ended.code == 3
    assert ended.err.count("\n") == 1
    assert "nothing" in ended.err
    assert not (machine / "run").exists()


def test_arrays_that_a_family_does_not_make_are_refused_with_sizes(machine, command):
    np.save(machine / "small.npy", np.zeros((5, 14, 14, 1), np.uint8))
    ended = command(*TRAIN, "--dataset", "small.npy", "--recipe", "dcgan")
    assert ended.code == 2
    assert "got 14x14; " in ended.err
    assert "16x16" in ended.err
    assert not (machine / "run").exists()


def test_mirroring_changes_the_trained_weights(machine, command):
    random = np.random.default_rng(0)
    np.save(machine / "wide.npy", random.integers(0, 256, (9, 28, 28, 1), dtype=np.uint8))
    assert command(*TRAIN, "--dataset", "wide.npy").code == 0
    plain = gankit.load("run").history
    mirrored = (*TRAIN[:-1], "flipped", "--dataset", "wide.npy", "--flip")
    assert command(*mirrored).code == 0
    assert not np.array_equal(plain, gankit.load("flipped").history)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_data_set_larger_than_the_memory_limit_trains_in_constant_memory(machine, backend):
    count = 2_000_000  # 1.5 GB, of which a file system keeps only the header.
    header = np.lib.format.open_memmap(
        machine / "large.npy", mode="w+", dtype=np.uint8, shape=(count, 28, 28, 1)
    )
    del header
    program = f"""
import resource, gankit
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
def train(dataset): gankit.train("simple", backend={backend!r}, dataset=dataset, batch=8, steps=20)
train("glyphs")
before = peak()
train("./large.npy")
print(peak() - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) < 200 * MIB


def test_a_run_on_user_images_resumes_from_any_folder(photos, command, monkeypatch, tmp_path):
    assert command(*TRAIN, "--dataset", "./photos").code == 0
    run = photos.parent / "run"
    monkeypatch.chdir(tmp_path)
    resume = ("train", "--out", run, "--resume", "auto", "--steps", "3")
    ended = command(*resume, "--dataset", photos)
    assert ended.code == 0, ended.err
    assert len(gankit.load(run).history) == 3


def test_a_run_does_not_resume_with_changed_images(machine, command):
    for seed in (0, 1):
        images = np.random.default_rng(seed).integers(0, 256, (9, 28, 28, 1), dtype=np.uint8)
        np.save(machine / "mine.npy", images)
        ended = command(*TRAIN, "--dataset", "mine.npy", *(["--resume", "auto"] if seed else []))
    assert ended.code == 2
    assert "other images" in ended.err


def test_the_picture_options_are_printed(photos, command):
    assert "32x48, colour" in command(*TRAIN, "--dataset", photos, "--set", "width=2").err


@pytest.mark.usefixtures("machine")
def test_skipping_bad_pictures_is_refused_for_data_with_a_name(command):
    ended = command(*TRAIN, "--dataset", "glyphs", "--skip-bad")
    assert ended.code == 2
    assert "skip_bad" in ended.err
