import tracemalloc

import numpy as np
import pytest
from PIL import Image

from gankit.data import ImageOptions, is_path, own
from gankit.errors import DataError

MIB = 2**20


def put(folder, *names, size=(6, 4), mode="L"):
    """Save pictures, each of another grey level; return the folder."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new(mode, size, 10 * (number + 1)).save(path)
    return folder


def spoil(path, content=b"no picture"):
    path.write_bytes(content)


def levels(data):
    return data.images[:, 0, 0, 0].tolist()


def test_pictures_come_in_the_order_of_their_names(tmp_path):
    data = own(put(tmp_path, "b.png", "a.png", "C.png", "a10.png", "a2.png"))
    assert levels(data) == [30, 20, 40, 50, 10]
    assert (data.images.shape, data.labels, data.classes) == ((5, 4, 6, 1), None, 0)
    assert data.source == f"5 pictures in {tmp_path}"


def test_folders_are_classes_in_the_order_of_their_names(tmp_path):
    put(tmp_path, "dog/1.jpg", "cat/2.png", "dog/0.jpeg", "cat/1.JPG", "ant/1.jpg")
    data = own(tmp_path)
    assert data.class_names == ("ant", "cat", "dog")
    assert (data.labels.tolist(), data.labels.dtype) == ([0, 1, 1, 2, 2], np.int64)
    assert levels(data)[1:4] == [40, 20, 30]
    kinds = "(3 .jpg, 1 .png, 1 .jpeg)"
    told = f"5 pictures {kinds} in 3 classes (ant 1, cat 2, dog 2) in {tmp_path}"
    assert (data.classes, data.source) == (3, told)


def test_files_without_a_picture_suffix_are_skipped(tmp_path):
    put(tmp_path, "a.png", "deep/er/b.png", ".hidden/c.png", ".d.png")
    for name in ("notes.txt", "a.png.part", ".DS_Store", "Thumbs.db"):
        spoil(tmp_path / name)
    (tmp_path / "folder.png").mkdir()
    data = own(tmp_path)
    assert len(data) == 1
    assert data.source == (
        f"1 picture in {tmp_path}; ignored 7: 3 with other endings (1 .db, 1 .part, 1 .txt), "
        "3 hidden, 1 too deep (deep/er)"
    )


def test_folders_without_pictures_are_no_classes(tmp_path):
    put(tmp_path, "cat/1.png", "dog/1.png")
    (tmp_path / "bird").mkdir()
    spoil(put(tmp_path, "notes/1.png") / "notes" / "1.txt")
    (tmp_path / "notes" / "1.png").unlink()
    data = own(tmp_path)
    assert data.class_names == ("cat", "dog")
    assert "2 classes (cat 1, dog 1; without pictures: bird, notes)" in data.source


def test_names_that_are_numbers_are_sorted_as_numbers(tmp_path):
    put(tmp_path, *(f"{number}/a.png" for number in (10, 9, 2, 11, 0)))
    assert own(tmp_path).class_names == ("0", "2", "9", "10", "11")


def test_broken_links_are_counted(tmp_path):
    put(tmp_path / "source", "a.png")
    (tmp_path / "links").mkdir()
    for number in range(2):
        (tmp_path / "links" / f"{number}.png").symlink_to("../source/a.png")
        (tmp_path / "links" / f"{number + 2}.png").symlink_to("../nowhere.png")
    assert "2 pictures" in own(tmp_path / "links").source
    assert "ignored 2: 2 dangling links" in own(tmp_path / "links").source


def test_pictures_all_in_deeper_folders_are_refused_with_the_remedy(tmp_path):
    put(tmp_path / "pets", "cats/a/1.png", "dogs/b/c/1.png")
    with pytest.raises(DataError, match=r"got 2 pictures too deep, in cats/a, dogs/b/c; move"):
        own(tmp_path / "pets")
    put(tmp_path / "one", "pets/cats/1.png", "pets/dogs/1.png")
    with pytest.raises(DataError, match=f"name the folder {tmp_path / 'one' / 'pets'}"):
        own(tmp_path / "one")


def test_pictures_in_deeper_folders_are_reported(tmp_path):
    put(tmp_path, "cats/1.png", "cats/a/1.png", "dogs/a/1.png", "dogs/a/2.png")
    data = own(tmp_path)
    assert data.class_names == ("cats",)
    assert "ignored 3: 3 too deep (cats/a, dogs/a)" in data.source
    assert "without pictures: dogs" in data.source


@pytest.mark.parametrize(("top", "bits"), [(4095, 12), (900, 10), (16383, 14)])
def test_16_bit_pictures_that_use_few_bits_cause_a_warning(tmp_path, top, bits):
    for number in range(2):
        levels = np.full((3, 4), top // (number + 1), np.uint16)
        Image.fromarray(levels).save(tmp_path / f"{number}.png")
    with pytest.warns(UserWarning, match=f"use {bits} bits: the highest level is {top:,} of 65"):
        own(tmp_path)


def test_16_bit_pictures_that_use_all_bits_cause_no_warning(tmp_path):
    for number, top in enumerate((500, 20000)):
        Image.fromarray(np.full((3, 4), top, np.uint16)).save(tmp_path / f"{number}.png")
    assert len(own(tmp_path)) == 2  # Warnings are errors in the tests.


def test_pictures_both_in_it_and_in_folders_are_refused(tmp_path):
    put(tmp_path, "a.png", "cat/b.png")
    with pytest.raises(DataError, match="has 1 picture and also folders of pictures, such as 'cat"):
        own(tmp_path)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(
        DataError, match=r"has no pictures \(\.png, \.jpg, .*\.gif\) in it or in the fol"
    ):
        own(tmp_path)


def test_pictures_of_different_sizes_are_one_error_that_names_two(tmp_path):
    put(tmp_path, "a.png", "b.png", "d.png")
    put(tmp_path, "c.png", size=(6, 5))
    with pytest.raises(DataError) as caught:
        own(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: pictures differ: a.png is 4x6 with 1 channel, c.png is 5x6 with 1 channel "
        "(height x width); choose a size with --size"
    )
    assert own(tmp_path, ImageOptions(size=(4, 4))).images.shape == (4, 4, 4, 1)


def test_grey_and_coloured_pictures_need_a_choice(tmp_path):
    put(tmp_path, "a.png")
    put(tmp_path, "b.png", mode="RGB")
    with pytest.raises(DataError, match="choose 1 or 3 with --channels"):
        own(tmp_path)
    assert own(tmp_path, ImageOptions(channels=3)).images.shape == (2, 4, 6, 3)


def test_every_bad_file_is_counted_and_the_first_are_named(tmp_path):
    put(tmp_path, *(f"{number}.png" for number in range(9)))
    for number in (1, 3, 5, 6, 8):
        spoil(tmp_path / f"{number}.png")
    with pytest.raises(DataError) as caught:
        own(tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}: cannot read 5 of 9 pictures: {tmp_path / '1.png'}: not")
    assert all(f"{number}.png" in message for number in (1, 3, 5))
    assert "6.png" not in message
    assert "; and 2 more; fix or delete them, or skip them with --skip-bad" in message
    assert "\n" not in message


def test_bad_files_are_skipped_on_request_and_reported(tmp_path):
    put(tmp_path, "cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png")
    spoil(tmp_path / "cat" / "2.png", b"")
    data = own(tmp_path, ImageOptions(skip_bad=True))
    assert (levels(data), data.labels.tolist()) == ([10, 30, 40], [0, 1, 1])
    skipped = f"skipped 1 of 4 pictures: {tmp_path / 'cat' / '2.png'}: not a PNG"
    assert data.source.startswith(
        f"3 pictures in 2 classes (cat 1, dog 2) in {tmp_path} ({skipped}"
    )


def test_a_class_may_lose_all_its_pictures(tmp_path):
    put(tmp_path, "cat/1.png", "dog/1.png")
    spoil(tmp_path / "cat" / "1.png")
    data = own(tmp_path, ImageOptions(skip_bad=True))
    assert (data.classes, data.labels.tolist()) == (2, [1])


def test_a_folder_of_only_bad_files_is_an_error(tmp_path):
    spoil(tmp_path / "a.png")
    with pytest.raises(DataError, match="cannot read 1 of 1 picture"):
        own(tmp_path, ImageOptions(skip_bad=True))


def test_different_sizes_are_not_skipped(tmp_path):
    put(tmp_path, "a.png")
    put(tmp_path, "b.png", size=(9, 9))
    with pytest.raises(DataError, match="pictures differ"):
        own(tmp_path, ImageOptions(skip_bad=True))


def test_a_folder_is_in_memory_once(tmp_path):
    put(tmp_path, *(f"{number}.png" for number in range(20)), size=(512, 512))
    tracemalloc.start()
    try:
        data = own(tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert data.images.nbytes == 5 * MIB
    assert 5 * MIB <= peak < 8 * MIB


def test_names_need_not_be_ascii(tmp_path):
    put(tmp_path / "gesichter äöü 顔", "größe/ß 1.png", "größe/é.png")
    assert own(tmp_path / "gesichter äöü 顔").class_names == ("größe",)


def test_a_tilde_is_the_user_s_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(put(tmp_path, "faces/a/1.png")))
    assert len(own("~/faces")) == 1


def test_a_missing_path_is_refused_with_the_possible_values(tmp_path):
    with pytest.raises(DataError, match=r"^no file or folder .*missing; give a \.npy or \.npz"):
        own(tmp_path / "missing")


def test_a_file_of_another_kind_is_refused(tmp_path):
    for name, remedy in {
        "faces.txt": r"give a \.npy or \.npz file, a folder",
        "faces.zip": "unpack it, and give the folder of pictures",
        "face.JPG": "give the folder of the pictures, not one of them",
    }.items():
        spoil(tmp_path / name)
        with pytest.raises(DataError, match=f"{name}: is a file of another kind; {remedy}"):
            own(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("mnist", False),
        ("fashion-mnist", False),
        ("my.set", False),
        ("faces", False),
        ("./faces", True),
        ("faces/", True),
        ("a/b", True),
        (".", True),
        ("~", True),
        ("faces.NPY", True),
        ("faces.npz", True),
        ("/data", True),
        ("..", True),
    ],
)
def test_a_path_is_distinguished_from_a_name(name, path):
    assert is_path(name) is path
