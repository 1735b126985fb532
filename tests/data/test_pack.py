import errno
import json
import os
import re
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from gankit._utils.file_array import FileArray
from gankit.cli import main
from gankit.data import ImageOptions, own, pack
from gankit.errors import ConfigError, DataError, StorageError

PLAIN = ImageOptions()
MIB = 2**20


@pytest.fixture
def folder(tmp_path):
    """Return a folder of 11 pictures in two classes."""
    for number in range(11):
        path = tmp_path / "in" / ("cat", "dög")[number % 2] / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (6, 4), (number, 2 * number, 3 * number)).save(path)
    return tmp_path / "in"


def names(path):
    return sorted(found.name for found in path.parent.iterdir())


def test_a_packed_file_equals_its_folder(folder, tmp_path):
    packed, read = pack(folder, tmp_path / "out.npy", PLAIN), own(folder)
    again = own(tmp_path / "out.npy")
    for data in (packed, again):
        assert isinstance(data.images, FileArray)
        assert np.array_equal(data.images, read.images)
        assert np.array_equal(data.labels, read.labels)
        assert data.class_names == read.class_names == ("cat", "dög")
    assert np.array_equal(np.load(tmp_path / "out.npy", allow_pickle=False), read.images)
    assert packed.source == f"{read.source}, packed into {tmp_path / 'out.npy'}"


def test_options_are_used(folder, tmp_path):
    data = pack(folder, tmp_path / "out.npy", ImageOptions((8, 10), 1, "pad"))
    assert data.images.shape == (11, 8, 10, 1)


def test_a_folder_without_classes_leaves_one_file(folder, tmp_path):
    pack(folder / "cat", tmp_path / "out.npy", PLAIN)
    assert names(tmp_path / "out.npy") == ["in", "out.npy"]
    assert own(tmp_path / "out.npy").labels is None


def test_labels_of_an_earlier_file_are_removed(folder, tmp_path):
    pack(folder, tmp_path / "out.npy", PLAIN)
    (tmp_path / "out.npy").unlink()
    assert len(names(tmp_path / "out.npy")) == 3
    pack(folder / "cat", tmp_path / "out.npy", PLAIN)
    assert names(tmp_path / "out.npy") == ["in", "out.npy"]


@pytest.mark.parametrize("bad", [1, 2, 9])
def test_bad_files_are_left_out_on_request(folder, tmp_path, bad):
    for path in sorted(folder.rglob("*.png"))[:bad]:
        path.write_bytes(b"")
    with pytest.raises(DataError, match=f"cannot read {bad} of 11 pictures"):
        pack(folder, tmp_path / "out.npy", PLAIN)
    assert names(tmp_path / "out.npy") == ["in"]
    data = pack(folder, tmp_path / "out.npy", ImageOptions(skip_bad=True))
    read = own(folder, ImageOptions(skip_bad=True))
    assert len(data) == 11 - bad
    assert np.array_equal(data.images, read.images)
    assert np.array_equal(data.labels, read.labels)
    assert f"skipped {bad} of 11" in data.source


def test_an_existing_file_is_not_replaced(folder, tmp_path):
    (tmp_path / "out.npy").write_bytes(b"mine")
    with pytest.raises(ConfigError, match=r"out\.npy exists already; remove it, or choose"):
        pack(folder, tmp_path / "out.npy", PLAIN)
    assert (tmp_path / "out.npy").read_bytes() == b"mine"


def test_another_suffix_is_refused(folder, tmp_path):
    with pytest.raises(ConfigError, match=r"give a file whose name ends in \.npy"):
        pack(folder, tmp_path / "out.npz", PLAIN)


def test_a_missing_folder_to_write_into_is_named(folder, tmp_path):
    out = tmp_path / "missing" / "out.npy"
    said = f"cannot write {out}: no folder {out.parent}; create it first"
    with pytest.raises(ConfigError, match=re.escape(said)):
        pack(folder, out, PLAIN)


def test_a_full_disk_leaves_nothing(folder, tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    said = f"cannot write {tmp_path / 'out.npy'}: no space left on device"
    with pytest.raises(StorageError, match=re.escape(said)):
        pack(folder, tmp_path / "out.npy", PLAIN)
    assert names(tmp_path / "out.npy") == ["in"]


def test_the_images_appear_after_their_labels(folder, tmp_path, monkeypatch):
    appeared = []
    replace = type(tmp_path).replace
    monkeypatch.setattr(
        type(tmp_path), "replace", lambda a, b: (appeared.append(b.name), replace(a, b))[1]
    )
    pack(folder, tmp_path / "out.npy", PLAIN)
    assert appeared == ["out.labels.npy", "out.classes.json", "out.npy"]


def test_every_picture_is_counted(folder, tmp_path):
    told = []
    pack(folder, tmp_path / "out.npy", PLAIN, lambda *now: told.append(now))
    assert told == [(number, 11) for number in range(1, 12)]


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Return a folder of pictures that are 48 MiB when unpacked."""
    folder = tmp_path_factory.mktemp("large")
    image = Image.new("RGB", (512, 512))
    image.save(folder / "0.png", compress_level=1)
    for number in range(1, 64):
        os.link(folder / "0.png", folder / f"{number}.png")
    return folder


def test_packing_and_reading_have_one_picture_in_memory(large, tmp_path):
    tracemalloc.start()
    try:
        data = pack(large, tmp_path / "out.npy", PLAIN)
        assert data.images[::9].shape == (8, 512, 512, 3)
        assert tracemalloc.get_traced_memory()[1] < 12 * MIB
        own(large)  # The measure does see a set that is held.
        assert tracemalloc.get_traced_memory()[1] >= data.images.nbytes == 48 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc/self/status")
def test_packing_does_not_need_the_memory_of_all_pictures(large, tmp_path):
    code = """
import sys
from pathlib import Path
from gankit.data import ImageOptions, own, pack

def peak():
    status = Path("/proc/self/status").read_text().split()
    return int(status[status.index("VmHWM:") + 1])

source, out = map(Path, sys.argv[1:])
pack(source, out, ImageOptions(size=(8, 8)))
out.unlink()
before = peak()
pack(source, out, ImageOptions())
packed = peak()
own(source)
print(packed - before, peak() - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(large), str(tmp_path / "out.npy")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    packing, holding = (int(kilobytes) * 1024 for kilobytes in done.stdout.split())
    assert packing < 16 * MIB
    assert holding > 32 * MIB  # The measure does see a set that is held.


@pytest.fixture
def command(capsys):
    """Run gankit; return its exit code, output and messages."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return ended.value.code or 0, said.out, said.err

    return run


def test_the_command_packs_and_prints_the_file(command, folder, tmp_path):
    out = tmp_path / "out.npy"
    options = ("--size", "8x6", "--channels", "1", "--fit", "stretch", "--skip-bad")
    code, said, told = command("data", "pack", folder, out, *options)
    assert (code, said) == (0, f"{out}\n")
    assert f"11 pictures in 2 classes (cat 6, dög 5) in {folder}, packed into {out}" in told
    assert own(out).images.shape == (11, 8, 6, 1)


def test_the_command_packs_pictures_of_equal_size_without_options(command, folder, tmp_path):
    assert command("data", "pack", folder, tmp_path / "out.npy")[0] == 0
    assert own(tmp_path / "out.npy").images.shape == (11, 4, 6, 3)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--size", "big"], 2, "image size: got 'big'"),
        (["--channels", "2"], 2, "'2' is not one of"),
        (["--fit", "corp"], 2, "'corp' is not one of"),
    ],
)
def test_a_wrong_option_is_refused(command, folder, tmp_path, arguments, code, said):
    ended = command("data", "pack", folder, tmp_path / "out.npy", *arguments)
    assert ended[0] == code
    assert said in ended[2]


def test_a_bad_picture_ends_the_command_with_3(command, folder, tmp_path):
    (folder / "cat" / "00.png").write_bytes(b"")
    code, out, told = command("data", "pack", folder, tmp_path / "out.npy")
    assert (code, out) == (3, "")
    assert "00.png: not a PNG, JPEG, WebP, TIFF, BMP or GIF picture" in told
    assert "Traceback" not in told


def test_the_list_of_data_sets_can_be_read_by_a_program(command):
    code, out, _ = command("data", "list", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert code == 0
    assert {"mnist", "fashion-mnist", "kmnist", "cifar10", "glyphs"} <= rows.keys()
    assert (rows["cifar10"]["fetch"], rows["cifar10"]["test"]) == (True, True)
    assert (rows["glyphs"]["fetch"], rows["glyphs"]["test"]) == (False, True)


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "kmnist", "cifar10"])
@pytest.mark.usefixtures("bare_machine")
def test_the_files_found_can_be_read_by_a_program(command, name):
    code, out, _ = command("data", "verify", name, "--json")
    rows = json.loads(out)
    assert (code, len(rows)) == (3, 1 if name == "cifar10" else 4)
    assert {(row["place"], row["ok"], row["reason"]) for row in rows} == {("", False, "not found")}


def test_a_data_set_without_files_has_no_rows(command):
    code, out, _ = command("data", "verify", "glyphs", "--json")
    assert (code, json.loads(out)) == (0, [])


@pytest.mark.parametrize("name", ["fashion-mnist", "kmnist", "cifar10"])
def test_fetching_without_a_network_says_where_to_put_the_files(
    command, bare_machine, monkeypatch, name
):
    monkeypatch.setenv("GANKIT_OFFLINE", "1")
    code, _, told = command("data", "fetch", name)
    assert code == 3
    assert f"put the files as published into {bare_machine / 'cache' / name}" in told


def test_images_from_python_are_packed_with_labels_and_names(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, 5, 6, 3), np.uint8)
    names = ["cat" if number % 2 else "dog" for number in range(40)]
    pairs = ((image / 255, name) for image, name in zip(images, names, strict=True))
    packed = pack(pairs, tmp_path / "out.npy")
    again = own(tmp_path / "out.npy")
    assert np.array_equal(again.images, images)
    assert [again.class_names[label] for label in again.labels] == names
    assert packed.source.startswith("40 images from a generator; real numbers in [0, 1]")


def test_packing_stops_at_the_limit(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, 5, 6), np.uint8)
    for name, given in {"array": images, "batches": iter(np.split(images[..., None], 4))}.items():
        packed = pack(given, tmp_path / f"{name}.npy", limit=25)
        assert np.array_equal(packed.images, images[:25, ..., None])
    pairs = pack((images, np.arange(40)), tmp_path / "pairs.npy", limit=25)
    assert pairs.labels.tolist() == list(range(25))


@pytest.mark.parametrize("limit", ["a", 0, -1, 2.5])
def test_another_limit_is_refused(tmp_path, limit):
    with pytest.raises(ConfigError, match=r"limit: got .*; expected a whole number from 1 to"):
        pack(np.zeros((2, 4, 4), np.uint8), tmp_path / "out.npy", limit=limit)
    assert not list(tmp_path.iterdir())


def test_images_from_python_are_resized_while_they_are_packed(tmp_path):
    images = [np.zeros((side, side, 3), np.uint8) for side in (4, 9, 5)]
    counts = []
    packed = pack(
        images, tmp_path / "out.npy", ImageOptions((8, 8), 1), lambda *count: counts.append(count)
    )
    assert packed.images.shape == (3, 8, 8, 1)
    assert counts == [(3, 3)]


def test_images_that_cannot_be_packed_leave_no_file(tmp_path):
    with pytest.raises(ConfigError, match="item 1 is 7"):
        pack(iter([np.zeros((4, 4), np.uint8), 7]), tmp_path / "out.npy")
    assert not list(tmp_path.iterdir())
