import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from gankit.data.formats.picture import picture, picture_shape
from gankit.data.image_options import ImageOptions, parse_size
from gankit.errors import ConfigError, DataError, UnknownName

PLAIN = ImageOptions()
RED, GREEN = (255, 0, 0), (0, 255, 0)


@pytest.fixture
def read(tmp_path):
    """Save an image and read it back."""

    def save(image, name="a.png", options=PLAIN, **told):
        image.save(tmp_path / name, **told)
        return picture(tmp_path / name, options)

    return save


def halves(width=6, height=4):
    """Return a picture whose left half is red and right half green."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height))
    return image


@pytest.mark.parametrize(
    "name", ["a.png", "a.jpg", "a.JPEG", "a.jfif", "a.webp", "a.tif", "a.tiff", "a.bmp", "a.gif"]
)
def test_every_supported_picture_format_is_read(read, name):
    pixels = read(halves(64, 32), name)
    assert (pixels.shape, pixels.dtype) == ((32, 64, 3), np.uint8)
    assert np.abs(pixels[16, 8].astype(int) - RED).max() < 8
    assert np.abs(pixels[16, 56].astype(int) - GREEN).max() < 8


def test_the_contents_decide_the_format_and_not_the_suffix(tmp_path):
    halves().save(tmp_path / "a.jpg", format="PNG")
    assert picture(tmp_path / "a.jpg", PLAIN)[0, 0].tolist() == list(RED)


@pytest.mark.parametrize("content", [b"", b"BM is how this text begins", b"P6 1 1 255 abc"])
def test_other_formats_are_refused(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.png: not a PNG, JPEG, WebP, TIFF, BMP or GIF picture"):
        picture(tmp_path / "a.png", PLAIN)


def test_grey_pictures_have_one_channel_and_colour_pictures_three(read):
    assert read(Image.new("L", (3, 2), 77)).tolist() == [[[77]] * 3] * 2
    assert read(Image.new("1", (3, 2), 1)).tolist() == [[[255]] * 3] * 2
    assert read(halves()).shape == (4, 6, 3)


def test_channels_can_be_chosen(read):
    assert read(Image.new("L", (1, 1), 77), options=ImageOptions(channels=3)).tolist() == [
        [[77, 77, 77]]
    ]
    # ITU-R 601-2: 0.299 of red.
    assert read(halves(), options=ImageOptions(channels=1))[0, 0].tolist() == [76]


def test_transparency_is_composed_on_black(read):
    half = Image.new("RGBA", (1, 1), (200, 100, 0, 128))
    assert read(half).tolist() == [[[100, 50, 0]]]
    assert read(Image.new("LA", (1, 1), (200, 128))).tolist() == [[[100]]]
    assert read(Image.new("RGBA", (1, 1), (200, 100, 7, 0))).tolist() == [[[0, 0, 0]]]


def test_a_transparent_colour_is_black(read):
    assert read(halves(2, 1), transparency=RED).tolist() == [[[0, 0, 0], list(GREEN)]]
    assert read(Image.new("L", (1, 1), 9), transparency=9).tolist() == [[[0]]]


def test_a_palette_picture_is_read_as_colour(read):
    palette = halves(2, 1).convert("P", palette=Image.Palette.ADAPTIVE, colors=2)
    assert read(palette).tolist() == [[list(RED), list(GREEN)]]
    assert read(palette, transparency=palette.getpixel((0, 0)))[0, 0].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("level", "kept"), [(0, 0), (255, 0), (256, 1), (40000, 156), (65535, 255)]
)
def test_16_bit_values_are_reduced_to_their_upper_8_bits(read, level, kept):
    assert read(Image.fromarray(np.full((2, 3), level, np.uint16))).tolist() == [[[kept]] * 3] * 2


def test_cmyk_becomes_rgb(read):
    pixels = read(halves(32, 32).convert("CMYK"), "a.jpg")
    assert np.abs(pixels[16, 4].astype(int) - RED).max() < 8


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_exif_orientation_is_applied(read, name, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = read(halves(), name, exif=exif, lossless=True)
    assert pixels.shape == ((4, 6, 3) if orientation < 5 else (6, 4, 3))
    red_first = orientation in (1, 4, 5, 6)
    assert pixels[0, 0].tolist() == list(RED if red_first else GREEN)


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.gif", "a.tif"])
def test_the_first_frame_of_an_animation_is_taken(read, name):
    first, second = Image.new("RGB", (8, 8), RED), Image.new("RGB", (8, 8), GREEN)
    pixels = read(first, name, save_all=True, append_images=[second], lossless=True)
    assert pixels[4, 4].tolist() == list(RED)


def test_crop_removes_equal_margins(read):
    image = Image.new("RGB", (30, 10), GREEN)
    image.paste(RED, (10, 0, 20, 10))
    assert np.array_equal(read(image, options=ImageOptions((10, 10))), np.full((10, 10, 3), RED))


def test_pad_puts_black_bars_around(read):
    pixels = read(Image.new("L", (20, 10), 255), options=ImageOptions((10, 10), fit="pad"))
    assert pixels[..., 0].any(axis=1).tolist() == [False] * 2 + [True] * 5 + [False] * 3
    assert (pixels[2:7] == 255).all()


def test_stretch_changes_proportions(read):
    pixels = read(halves(20, 10), options=ImageOptions((10, 10), fit="stretch"))
    assert pixels[5, 1].tolist() == list(RED)
    assert pixels[5, 8].tolist() == list(GREEN)


def test_a_picture_of_the_right_size_is_not_resampled(read):
    noise = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    for fit in ("crop", "pad", "stretch"):
        pixels = read(Image.fromarray(noise), options=ImageOptions((9, 7), fit=fit))
        assert np.array_equal(pixels, noise)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.sampled_from(["crop", "pad", "stretch"]),
    st.sampled_from([None, 1, 3]),
    st.sampled_from(["1", "L", "LA", "RGB", "RGBA", "P", "I;16"]),
)
def test_any_picture_is_resized_to_the_requested_size(read, sides, size, fit, channels, mode):
    pixels = read(Image.new(mode, sides, 1), options=ImageOptions(size, channels, fit))
    native = 3 if mode in ("RGB", "RGBA", "P") else 1
    assert (pixels.shape, pixels.dtype) == ((*size, channels or native), np.uint8)


def bomb(width, height):
    """Return the header of a PNG that declares that many pixels."""

    def chunk(kind, content):
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels)


@pytest.mark.parametrize("side", [10000, 50000])
def test_a_decompression_bomb_is_refused(tmp_path, side):
    (tmp_path / "a.png").write_bytes(bomb(side, side))
    with pytest.raises(DataError, match="more than the 89478485 pixels that are safe"):
        picture(tmp_path / "a.png", PLAIN)
    # A smaller one of the same make fails for another reason.
    (tmp_path / "a.png").write_bytes(bomb(100, 100))
    with pytest.raises(DataError, match="cannot be read"):
        picture(tmp_path / "a.png", PLAIN)


EVERY = ["a.png", "a.jpg", "a.webp", "a.tif", "a.bmp", "a.gif"]


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("keep", [0, 1, 20, 0.5, 0.9])
def test_a_picture_cut_short_is_refused(read, tmp_path, name, keep):
    image = Image.effect_noise((64, 64), 50)
    read(image, name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(keep * len(whole)) if keep < 1 else keep])
    with pytest.raises(DataError, match=name):
        picture(tmp_path / name, PLAIN)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), name=st.sampled_from(EVERY))
def test_a_damaged_picture_gives_pixels_or_a_data_error(tmp_path, data, name):
    exif = Image.Exif()
    exif[0x0112] = 6
    halves(16, 12).save(tmp_path / name, **({} if name in EVERY[4:] else {"exif": exif}))
    content = bytearray((tmp_path / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    (tmp_path / name).write_bytes(content)
    with suppress(DataError):
        assert picture(tmp_path / name, ImageOptions((8, 8), 3)).shape == (8, 8, 3)


def test_a_missing_file_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        picture(tmp_path / "missing.png", PLAIN)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"size": (0, 4)}, "image size: got 0 x 4"),
        ({"size": (4, 100000)}, "1 to 8192 pixels"),
        ({"size": "64"}, "image size: got '64'; expected a height and a width"),
        ({"size": 64}, "image size: got 64; expected a height and a width"),
        ({"size": (64,)}, "image size: got 64; expected a height and a width"),
        ({"size": (8, 8.5)}, "image size: got 8 x 8.5; expected a height and a width"),
        ({"channels": 2}, "channels: got 2; expected 1 or 3"),
        ({"skip_bad": "no"}, "skip_bad: got 'no'; expected True or False"),
        ({"channels": True}, "images.channels: got True; expected 1 or 3 or None"),
        ({"images_key": 3}, "images_key: got 3; expected a text"),
    ],
)
def test_impossible_options_are_refused(options, said):
    with pytest.raises(ConfigError, match=said):
        ImageOptions(**options)


def test_an_unknown_fit_is_named():
    with pytest.raises(UnknownName, match=r"unknown fit 'corp'.*did you mean 'crop'"):
        ImageOptions(fit="corp")


@pytest.mark.parametrize(("text", "size"), [("64", (64, 64)), ("48x64", (48, 64)), ("1X2", (1, 2))])
def test_a_size_is_parsed(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "x", "3x", "1x2x3", "-1", "1.5", "²", "big"])
def test_an_invalid_size_is_refused(text):
    with pytest.raises(ConfigError, match="expected 64, or height and width as in 48x64"):
        parse_size(text)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize(
    ("mode", "ending"),
    [
        *((mode, ".png") for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
        *((mode, ".jpg") for mode in ("L", "RGB", "CMYK")),
        *((mode, ".gif") for mode in ("L", "P")),
        ("RGB", ".webp"),
        ("L", ".tif"),
    ],
)
def test_the_header_gives_the_shape_of_the_pixels(tmp_path, mode, ending, orientation):
    path = tmp_path / f"picture{ending}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    extra = {} if ending == ".gif" else {"exif": exif}
    Image.new(mode, (7, 5)).save(path, **extra)
    assert picture_shape(path) == picture(path, PLAIN).shape


def test_the_header_of_a_damaged_picture_is_a_data_error(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(DataError, match="cannot be read"):
        picture_shape(path)
