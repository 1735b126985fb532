"""Grids and picture files."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from gankit.errors import ConfigError, Diverged, StorageError
from gankit.visual import images


def flat(count, channels=1, value=-1.0):
    return np.full((count, 4, 3, channels), value, np.float32)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_scaling_to_floats_and_back_gives_all_256_values(precision):
    values = np.arange(256, dtype=np.uint8)
    scaled = (values.astype(precision) - 127.5) / 127.5
    np.testing.assert_array_equal(images.to_uint8(scaled), values)


def test_values_are_clipped_and_rounded():
    step = 1 / 127.5
    found = images.to_uint8(np.array([-9.0, -1 + 0.4 * step, -1 + 0.6 * step, np.inf]))
    assert found.tolist() == [0, 0, 1, 255]


def test_a_pixel_that_is_no_number_is_refused():
    with pytest.raises(Diverged):
        images.to_uint8(np.array([np.nan]))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_grid_has_rows_of_images_with_grey_gaps(channels):
    tiles = np.arange(7, dtype=np.uint8)[:, None, None, None] * np.ones(
        (1, 4, 3, channels), np.uint8
    )
    canvas = images.grid(tiles, columns=3, gap=2)
    assert canvas.shape == ((16, 13) if channels == 1 else (16, 13, 3))
    for i in range(7):
        top, left = i // 3 * 6, i % 3 * 5
        assert (canvas[top : top + 4, left : left + 3] == i).all()
    assert (canvas[4:6] == images.GAP_LEVEL).all()
    assert (canvas[12:, 5:] == images.GAP_LEVEL).all()


def test_a_grid_is_no_wider_than_its_images():
    assert images.grid(flat(2), columns=5, gap=1).shape == (4, 7)


def test_a_grid_of_grey_images_stays_grey():
    canvas = images.grid(flat(1, value=0.1), columns=1)
    assert (canvas == 140).all()


@pytest.mark.parametrize(("wrong", "columns"), [(flat(0), 5), (flat(1)[0], 5), (flat(1), 0)])
def test_impossible_grids_are_refused(wrong, columns):
    with pytest.raises(ConfigError):
        images.grid(wrong, columns)


def test_images_of_other_channel_counts_are_shown_as_grey_channels():
    made = np.arange(2 * 3 * 4 * 2, dtype=np.uint8).reshape(2, 3, 4, 2)
    canvas = images.grid(made, columns=1, gap=0)
    assert canvas.shape == (6, 8)
    assert np.array_equal(canvas[:3, :4], made[0, ..., 0])
    assert np.array_equal(canvas[3:, 4:], made[1, ..., 1])


def test_row_names_are_left_of_the_rows_of_a_grid():
    canvas = images.grid(np.zeros((4, 28, 28, 3), np.uint8), columns=2)
    named = images.with_names(canvas, ["cats", "a name of very many letters"])
    assert named.shape[0] == canvas.shape[0]
    assert np.array_equal(named[:, -canvas.shape[1] :], canvas)
    margin = named[:, : -canvas.shape[1]]
    assert min(margin[:29].max(), margin[30:].max()) > 150  # A name beside each row.
    assert margin[:29].astype(bool).sum() < margin[30:].astype(bool).sum()


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG"])
def test_a_jpeg_file_resembles_the_picture_and_has_no_metadata(tmp_path, name):
    pixels = np.repeat(np.arange(0, 256, 4, dtype=np.uint8)[:, None], 64, axis=1)
    images.Picture(pixels).save(tmp_path / name)
    with Image.open(tmp_path / name) as saved:
        assert (saved.format, dict(saved.getexif())) == ("JPEG", {})
        assert np.abs(np.asarray(saved).astype(int) - pixels).max() < 6


@pytest.mark.parametrize("name", ["~/grid.jpg", "~/grid.png"])
def test_a_tilde_in_the_path_of_a_picture_is_the_users_home(tmp_path, monkeypatch, name):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    images.Picture(np.zeros((4, 4), np.uint8)).save(name)
    assert [path.name for path in tmp_path.iterdir()] == [name[2:]]
    with pytest.raises(ConfigError, match="path: got None; expected a path"):
        images.Picture(np.zeros((4, 4), np.uint8)).save(None)


def test_a_picture_with_another_suffix_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"name a \.png or \.jpg or \.jpeg file"):
        images.Picture(np.zeros((2, 2), np.uint8)).save(tmp_path / "a.bmp")


def test_a_huge_grid_is_refused_before_it_is_made():
    images.check_grid(70_000, (28, 28, 1))
    images.check_grid(25, (28, 28, 1), columns=5, scale=50)
    for much in ((100_000, (28, 28, 1)), (70_000, (28, 28, 3)), (25, (28, 28, 1), 5, 60)):
        with pytest.raises(ConfigError, match="at most 64,000,000"):
            images.check_grid(*much)


def test_a_grid_is_enlarged_to_400_pixels_or_as_far_as_possible(monkeypatch):
    assert images.enlarged(np.zeros((10, 90), np.uint8)).shape == (50, 450)
    assert images.enlarged(np.zeros((10, 400, 3), np.uint8)).shape == (10, 400, 3)
    monkeypatch.setattr(images, "MOST_PIXELS", 900 * 9)
    assert images.enlarged(np.zeros((10, 90), np.uint8)).shape == (30, 270)


def test_the_size_of_a_grid_is_that_of_the_picture(monkeypatch):
    pixels = images.grid(flat(7), 3)
    monkeypatch.setattr(images, "MOST_PIXELS", pixels.size)
    images.check_grid(7, (4, 3, 1), 3)
    monkeypatch.setattr(images, "MOST_PIXELS", pixels.size - 1)
    with pytest.raises(ConfigError):
        images.check_grid(7, (4, 3, 1), 3)


def test_image_files_can_start_at_any_number(tmp_path):
    for start in (0, 2):
        images.write_each(tmp_path, flat(2), start, 1001)
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"000{n}.png" for n in range(4)]


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_each_image_is_written_to_one_png(tmp_path, channels, mode):
    tiles = np.random.default_rng(0).integers(0, 256, (3, 4, 3, channels), np.uint8)
    images.write_each(tmp_path / "new", tiles)
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["000.png", "001.png", "002.png"]
    with Image.open(tmp_path / "new" / "002.png") as found:
        assert found.mode == mode
        np.testing.assert_array_equal(np.asarray(found).reshape(tiles[2].shape), tiles[2])


def test_an_image_that_cannot_be_written_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        images.write_png(tmp_path / "file" / "a.png", flat(1)[0])
