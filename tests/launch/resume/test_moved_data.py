"""Moved images are recognised, and changed images are refused."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit._utils.file_array import FileArray
from gankit.config import layering
from gankit.data import digest_cache, digests, own, pack
from gankit.data.image_options import ImageOptions
from gankit.errors import DataError
from tests.selection import selected

CONFIG = """
backend = "numpy"
dataset = "./faces/"
latent = 4
batch = 4
checkpoint_every = 2
[generator]
layers = [
    { layer = "dense", units = 64 },
    { layer = "tanh" },
    { layer = "reshape", shape = [8, 8, 1] },
]
[discriminator]
layers = [{ layer = "flatten" }, { layer = "dense", units = 1 }]
"""
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), np.uint8)
BACKENDS = [name for name in ("numpy", "torch", "keras") if selected(name)]


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("GANKIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GANKIT_HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    Path("run.toml").write_text(CONFIG, "utf-8")
    Path("faces").mkdir()
    for i, image in enumerate(IMAGES):
        Image.fromarray(image[..., 0]).save(f"faces/{i:03}.png")


@pytest.fixture
def train(command_fd):
    def run(*arguments, steps=2):
        fixed = "--out", "run", "--resume", "auto", "--no-progress", "--steps", steps
        start = () if Path("run").exists() else ("--config", "run.toml")
        return command_fd("train", *start, *fixed, *arguments)

    return run


def settled(path):
    """Give a file an old modification time."""
    os.utime(path, ns=(0, 10**18))


def test_a_run_resumes_with_moved_images(train):
    assert train().code == 0
    Path("faces").rename("moved")
    gone = train(steps=4)
    assert gone.code == 3
    assert "if the images were moved, give their new path with --dataset" in gone.last
    assert "were moved" not in train("--dataset", "./nowhere", steps=4).last
    ended = train("--dataset", "./moved", steps=4)
    assert ended.code == 0, ended.err
    assert re.search(r"the images of .*faces are those of .*moved now", ended.err)
    assert train(steps=6).code == 0  # The new place was written down.


def test_a_run_resumes_with_its_folder_packed_into_a_file(train):
    assert train().code == 0
    pack(Path("faces"), Path("faces.npy"), ImageOptions())
    shutil.rmtree("faces")
    ended = train("--dataset", "./faces.npy", steps=4)
    assert ended.code == 0, ended.err


def test_other_images_at_another_place_are_refused(train):
    assert train().code == 0
    np.save("other.npy", IMAGES[::-1])
    ended = train("--dataset", "./other.npy", steps=4)
    assert ended.code == 2
    assert "was trained on other images than" in ended.last


def test_a_folder_an_array_and_a_packed_file_of_the_same_images_have_one_digest():
    np.save("array.npy", IMAGES[..., 0])
    np.savez("array.npz", images=IMAGES)
    packed = pack(Path("faces"), Path("packed.npy"), ImageOptions())
    sets = [packed, *(own(Path(name)) for name in ("faces", "array.npy", "array.npz"))]
    assert len({data.digest for data in sets}) == 1


def test_the_digest_depends_on_every_image_label_and_their_order():
    labels = np.arange(40)
    changed = IMAGES.copy()
    changed[17, 3, 3] ^= 1
    sets = [
        (IMAGES, None),
        (changed, None),
        (IMAGES[::-1], None),
        (IMAGES.reshape(40, 4, 16, 1), None),
        (IMAGES, labels),
        (IMAGES, labels[::-1]),
    ]
    assert len({digests.digest(*some) for some in sets}) == len(sets)


def test_a_file_is_read_for_its_digest_once(monkeypatch):
    np.save("x.npy", IMAGES)
    settled("x.npy")
    first = own(Path("x.npy")).digest
    monkeypatch.setattr(FileArray, "_run", lambda *_: pytest.fail("it was read again"))
    assert own(Path("x.npy")).digest == first


def test_a_file_that_has_changed_is_read_again():
    np.save("x.npy", IMAGES)
    settled("x.npy")
    first = own(Path("x.npy")).digest
    np.save("x.npy", IMAGES[::-1])
    os.utime("x.npy", ns=(0, 10**18 + 1))
    assert own(Path("x.npy")).digest != first


def test_a_change_that_keeps_the_modification_time_is_detected():
    np.save("x.npy", IMAGES)
    settled("x.npy")
    first = own(Path("x.npy")).digest
    np.save("x.npy", IMAGES[::-1])
    settled("x.npy")
    assert own(Path("x.npy")).digest != first


def test_the_digest_of_a_recently_written_file_is_not_cached():
    np.save("x.npy", IMAGES)
    assert own(Path("x.npy")).digest
    assert digest_cache.cached(FileArray(Path("x.npy"))) is None


@pytest.mark.parametrize("damage", ["", "{", "[]", "another digest"])
def test_a_damaged_digest_in_the_cache_is_computed_again(damage):
    np.save("x.npy", IMAGES)
    settled("x.npy")
    first = own(Path("x.npy")).digest
    (kept,) = Path(os.environ["GANKIT_HOME"]).glob("digests/*.json")
    text = kept.read_text()
    known = digest_cache.cached(FileArray(Path("x.npy")))
    kept.write_text(text.replace(known, "0" * 64) if damage == "another digest" else damage)
    assert own(Path("x.npy")).digest == first


def test_an_unwritable_cache_is_no_error(monkeypatch):
    Path("file").write_text("")
    monkeypatch.setenv("GANKIT_HOME", "file/home")
    np.save("x.npy", IMAGES)
    settled("x.npy")
    assert own(Path("x.npy")).digest == own(Path("faces")).digest


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("how", ["cut short", "saved with others"])
def test_a_file_rewritten_under_a_run_ends_it_in_one_line(how, backend):
    many = np.tile(IMAGES, (50, 1, 1, 1))
    np.save("many.npy", many)
    settled("many.npy")

    class Rewrites:
        def next_boundary(self, step):
            return step + 1

        def __call__(self, progress):
            if progress.step == 3:
                if how == "cut short":
                    Path("many.npy").write_bytes(b"")
                else:
                    np.save("many.npy", many[::-1])

    settings = layering.from_file(Path("run.toml"))[1]
    settings |= {"backend": backend, "dataset": "./many.npy", "steps": 9}
    with pytest.raises(DataError, match=r"many\.npy was changed .* is .*run.checkpoints.000002$"):
        gankit.train("simple", out="run", callbacks=[Rewrites()], **settings)


@pytest.mark.parametrize("backend", BACKENDS)
def test_images_in_a_file_give_the_same_numbers_as_images_in_memory(backend):
    settings = layering.from_file(Path("run.toml"))[1] | {"backend": backend, "steps": 3}
    np.save("x.npy", IMAGES)
    histories = [
        gankit.train("simple", **settings | {"dataset": place}).history
        for place in ("./x.npy", "./faces")
    ]
    np.testing.assert_array_equal(*histories)


def test_a_run_is_evaluated_with_its_images_at_another_place(train, command_fd):
    assert train().code == 0
    Path("faces").rename("moved")
    words = "evaluate", "run", "-n", 12, "--no-baseline", "--no-progress"
    gone = command_fd(*words)
    assert gone.code == 3
    assert "give their new path with --dataset" in gone.last
    assert command_fd(*words, "--dataset", "./moved").code == 0
    found = gankit.load("run").evaluate(n=12, dataset="./moved")
    assert found.samples == 12


def test_an_evaluation_with_other_images_is_refused(train, command_fd):
    assert train().code == 0
    np.save("other.npy", IMAGES[::-1])
    ended = command_fd("evaluate", "run", "-n", 12, "--no-progress", "--dataset", "./other.npy")
    assert ended.code == 3
    assert "trained on other images than ./other.npy has" in ended.last
    with pytest.raises(DataError, match="trained on other images"):
        gankit.load("run").evaluate(n=12, dataset="./other.npy")


REPORT = ("report", "run", "--out", "x.html")
EXPORT = ("export", "run", "--to", "safetensors", "--out", "x.safetensors")


@pytest.mark.parametrize(("words", "made"), [(REPORT, "x.html"), (EXPORT, "x*.md")])
def test_a_page_and_a_card_name_moved_images_and_do_not_need_them(train, command_fd, words, made):
    assert train().code == 0
    Path("faces").rename("moved")
    assert command_fd(*words).code == 0
    assert command_fd(*words, "--dataset", "./moved").code == 0
    (page,) = Path().glob(made)
    assert "moved" in page.read_text("utf-8")
    np.save("other.npy", IMAGES[::-1])
    assert command_fd(*words, "--dataset", "./other.npy").code == 3
