"""Glyphs are drawn once on a machine; whatever happens to the file, the images are the same."""

import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

from gankit.data import glyphs
from gankit.data.glyphs import image_cache

LOAD = (
    "import hashlib; from gankit.data import glyphs; glyphs.HELD_OUT = 300; "
    "print(hashlib.sha256(glyphs.held_out(None).images.tobytes()).hexdigest())"
)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return an empty cache folder."""
    monkeypatch.setenv("GANKIT_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(glyphs, "HELD_OUT", 300)
    return tmp_path / "cache"


@pytest.fixture
def drawings(monkeypatch):
    """Return a list that gets a number for each drawing."""
    counts, draw = [], glyphs.draw

    def counted(count, seed):
        counts.append(count)
        return draw(count, seed)

    monkeypatch.setattr(glyphs, "draw", counted)
    return counts


def held_out():
    """Return the images and labels as a new process loads them."""
    glyphs._drawn.cache_clear()
    loaded = glyphs.held_out(None)
    glyphs._drawn.cache_clear()
    return loaded.images, loaded.labels


def assert_drawn(found):
    for array, wanted in zip(found, glyphs.draw(300, 1), strict=True):
        assert (array.dtype, array.shape) == (wanted.dtype, wanted.shape)
        assert array.tobytes() == wanted.tobytes()
        assert array.flags.writeable


def cached(home):
    """Return the file in the cache, the only one."""
    (path,) = home.joinpath("glyphs").iterdir()
    return path


def test_the_second_process_reads_what_the_first_has_drawn(home, drawings):
    first, second = held_out(), held_out()
    assert drawings == [300]
    assert_drawn(first)
    assert_drawn(second)
    assert cached(home).stat().st_size == 32 + 300 + 300 * 784


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def lengthen(path):
    path.write_bytes(path.read_bytes() + b"\0")


def flip(path):
    content = bytearray(path.read_bytes())
    content[-400] ^= 1
    path.write_bytes(content)


def change_a_label(path):
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


def replace_by_a_folder(path):
    path.unlink()
    path.mkdir()


def replace_by_a_pipe(path):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "damage", [cut, lengthen, flip, change_a_label, empty, replace_by_a_folder, replace_by_a_pipe]
)
def test_a_damaged_file_is_not_used(home, drawings, damage):
    held_out()
    damage(cached(home))
    assert_drawn(held_out())
    assert drawings[:2] == [300, 300]


def test_a_damaged_file_is_replaced(home, drawings):
    held_out()
    flip(cached(home))
    held_out()
    drawings.clear()
    held_out()
    assert drawings == []


def test_glyphs_of_other_versions_are_drawn_again_and_their_file_is_deleted(
    home, drawings, monkeypatch
):
    held_out()
    monkeypatch.setattr(image_cache, "_drawing", lambda: "another")
    held_out()
    assert drawings == [300, 300]
    assert cached(home).name == "300-of-seed-1-another.bin"


@pytest.mark.parametrize("changed", ["version", "machine", "code", "strokes"])
def test_the_name_depends_on_what_decides_the_bytes(monkeypatch, tmp_path, changed):
    before = image_cache._drawing()
    image_cache._drawing.cache_clear()
    if changed == "version":
        monkeypatch.setattr(image_cache, "version", lambda _name: "0.0")
    elif changed == "machine":
        monkeypatch.setattr(image_cache.platform, "machine", lambda: "another")
    else:
        copied = tmp_path / "glyphs"
        copytree(Path(image_cache.__file__).parent, copied)
        monkeypatch.setattr(image_cache, "__file__", str(copied / "image_cache.py"))
        assert image_cache._drawing() == before
        image_cache._drawing.cache_clear()
        with (copied / ("handwriting.py" if changed == "code" else "strokes.png")).open(
            "a"
        ) as file:
            file.write("\n")
    assert image_cache._drawing() != before
    image_cache._drawing.cache_clear()


def test_a_full_disk_does_not_matter(home, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(image_cache.Path, "write_bytes", full)
    assert_drawn(held_out())
    assert list(home.joinpath("glyphs").iterdir()) == []


@pytest.mark.parametrize("where", ["/proc/none", "{home}/file", "~unknown-user"])
def test_a_cache_folder_that_cannot_be_made_does_not_matter(home, monkeypatch, where):
    home.mkdir()
    (home / "file").touch()
    monkeypatch.setenv("GANKIT_HOME", where.format(home=home))
    assert_drawn(held_out())


def test_processes_at_once_load_the_same_images_and_leave_one_file(home):
    words = [sys.executable, "-c", LOAD]
    running = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    digests = {process.communicate(timeout=60)[0] for process in running}
    assert len(digests) == 1
    assert [process.returncode for process in running] == [0] * 4
    assert cached(home).name.startswith("300-of-seed-1-")
