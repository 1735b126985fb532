"""Pictures with odd, damaged or huge metadata, and with a transparent value."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin, TiffImagePlugin

from gankit.data.formats.picture import picture, read
from gankit.data.image_options import ImageOptions
from gankit.data.strip_metadata import strip_metadata
from gankit.data.strip_metadata.exif import orientation
from gankit.errors import DataError

PLAIN = ImageOptions()
FLAT = np.zeros((8, 16, 3), np.uint8)
FLAT[:, :8] = 255


def block(*entries, order="<"):
    """Return EXIF whose directory has these entries: tag, type, count, value."""
    body = b"".join(struct.pack(f"{order}HHII", *entry) for entry in entries)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(entries))
    return head + body + bytes(68)


TURN = (0x112, 3, 1, 6)
ODD = {
    "resolution as text": (282, 2, 4, 0x3232),
    "software as a double": (305, 12, 1, 60),
    "date as a rational": (306, 5, 1, 60),
    "unit as a float": (296, 11, 1, 0x40000000),
    "a directory beyond the end": (0x8769, 4, 1, 0xFFFFFF),
    "an unknown type": (271, 99, 7, 1),
}


def saved(kind, exif, **told):
    file = io.BytesIO()
    lossless = {"lossless": True} if kind == "WEBP" else {}
    prefix = b"" if kind == "PNG" else b"Exif\0\0"
    Image.fromarray(FLAT).save(file, kind, exif=prefix + exif, **lossless, **told)
    return file.getvalue()


def pixels_of(tmp_path, content, options=PLAIN):
    (tmp_path / "a").write_bytes(content)
    return picture(tmp_path / "a", options)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(depth, colour, rows, *before, size=(4, 4)):
    head = struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0)
    made = [chunk(b"IHDR", head), *before, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_odd_exif_entries_are_ignored(tmp_path, kind, odd):
    made = pixels_of(tmp_path, saved(kind, block(TURN, odd)))
    assert np.abs(made.astype(int) - np.rot90(FLAT, -1)).max() < 60


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("exif", [b"garbage, no TIFF", b"\0\x08\0\x02", b"II*\0\xff\xff\xff\xff"])
def test_unreadable_exif_does_not_rotate_the_picture(tmp_path, kind, exif):
    made = pixels_of(tmp_path, saved(kind, exif))
    assert np.abs(made.astype(int) - FLAT).max() < 60


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("entry", "right"),
    [((0x112, 3, 1, 8), 8), ((0x112, 4, 1, 3), 3), ((0x112, 3, 1, 9), 1), ((0x112, 2, 1, 6), 1)],
)
def test_the_orientation_is_read_by_its_tag(order, entry, right):
    if order == ">" and entry[1] == 3:
        entry = (*entry[:3], entry[3] << 16)
    assert orientation(block((271, 2, 4, 0), entry, order=order)) == right


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_as_exif_raise_no_error(content):
    assert 1 <= orientation(b"II*\0" + content) <= 8


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([b"\xff\xd8\xff", b"RIFF\x10\0\0\0WEBP", b"II*\0", b"MM\0+", b"GIF89a"]),
    st.binary(max_size=120),
)
def test_any_bytes_can_be_searched_for_metadata(head, tail):
    assert strip_metadata(io.BytesIO(head + tail)).content[:2] == head[:2]


def test_a_wrong_checksum_of_a_text_chunk_is_ignored(tmp_path):
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "made by hand")
    file = io.BytesIO()
    Image.fromarray(FLAT).save(file, "PNG", pnginfo=info)
    content = bytearray(file.getvalue())
    place = content.index(b"tEXt")
    content[place + 4 + int.from_bytes(content[place - 4 : place], "big")] ^= 1
    assert np.array_equal(pixels_of(tmp_path, bytes(content)), FLAT)


def test_a_wrong_checksum_of_pixels_is_an_error(tmp_path):
    content = bytearray(saved("PNG", b""))
    content[content.index(b"IDAT") + 8] ^= 1
    with pytest.raises(DataError, match="damaged PNG file: wrong checksum of IDAT"):
        pixels_of(tmp_path, bytes(content))


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_text_that_unpacks_to_gigabytes_is_ignored(tmp_path, kind):
    body = {
        b"zTXt": b"Comment\0\0",
        b"iTXt": b"Comment\0\x01\0\0\0",
        b"iCCP": b"profile\0\0",
    }[kind] + zlib.compress(bytes(2**24))
    made = pixels_of(tmp_path, png(8, 0, b"\0\7\7\7\7" * 4, chunk(kind, body)))
    assert (made == 7).all()


def test_metadata_of_gigabytes_is_not_read(tmp_path):
    whole, size = png(8, 0, b"\0\7\7\7\7" * 4), 2**31 - 1
    first = len(whole) - len(chunk(b"IEND", b""))
    with (tmp_path / "a").open("wb") as file:
        file.write(whole[:first] + struct.pack(">I", size) + b"zzZz")
        file.seek(size + 4, io.SEEK_CUR)
        file.write(whole[first:])
    assert (picture(tmp_path / "a", PLAIN) == 7).all()


def padded_png():
    whole = saved("PNG", block(TURN))
    return whole[:33] + chunk(b"zzZz", bytes(2**17)) + whole[33:]


def padded_jpeg():
    whole, segment = saved("JPEG", block(TURN)), b"\xff\xe2\xff\xff" + bytes(0xFFFD)
    return whole[:2] + 4 * segment + whole[2:] + bytes(2**17)


def padded_webp():
    whole = saved("WEBP", block(TURN)) + b"FREE\0\0\2\0" + bytes(2**17)
    return whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:]


@pytest.mark.parametrize("padded", [padded_png, padded_jpeg, padded_webp])
def test_only_the_pixel_data_is_read(tmp_path, monkeypatch, padded):
    monkeypatch.setattr("gankit.data.strip_metadata.bounded_reader.MOST_BYTES", 2**14)
    made = pixels_of(tmp_path, padded())
    assert np.abs(made.astype(int) - np.rot90(FLAT, -1)).max() < 60


@pytest.mark.parametrize("kind", ["GIF", "BMP"])
def test_data_after_the_pixels_is_ignored(tmp_path, monkeypatch, kind):
    monkeypatch.setattr("gankit.data.strip_metadata.bounded_reader.MOST_BYTES", 2**14)
    file = io.BytesIO()
    Image.fromarray(FLAT).save(file, kind)
    assert np.array_equal(pixels_of(tmp_path, file.getvalue() + bytes(2**17)), FLAT)


def test_a_picture_that_needs_too_much_is_refused_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("gankit.data.strip_metadata.bounded_reader.MOST_BYTES", 2**10)
    with pytest.raises(DataError, match=r"a: needs more than 1,024 bytes .* save it smaller"):
        pixels_of(tmp_path, png(8, 0, bytes(range(256)) * 16, chunk(b"IDAT", bytes(2**11))))


@pytest.mark.parametrize("part", [b"tEXt", b"IDAT"])
def test_a_picture_of_too_many_parts_is_refused_in_one_line(tmp_path, monkeypatch, part):
    monkeypatch.setattr("gankit.data.strip_metadata.bounded_reader.MOST_READS", 9)
    with pytest.raises(DataError, match=r"a: has more than 9 parts.*; save it again"):
        pixels_of(tmp_path, png(8, 0, bytes(range(256)) * 16, chunk(part, b"a") * 99))


def test_zeros_after_a_webp_file_are_ignored(tmp_path, monkeypatch):
    monkeypatch.setattr("gankit.data.strip_metadata.bounded_reader.MOST_READS", 9)
    whole = saved("WEBP", b"")
    assert np.array_equal(pixels_of(tmp_path, whole + bytes(2**16)), pixels_of(tmp_path, whole))


def test_other_segments_of_a_jpeg_are_ignored(tmp_path):
    whole = saved("JPEG", b"", quality=95)
    odd = b"".join(
        b"\xff" + bytes([marker]) + (len(data) + 2).to_bytes(2, "big") + data
        for marker, data in [
            (0xE2, b"MPF\0" + b"\xff" * 40),
            (0xED, b"Photoshop 3.0\x008BIM\xff\xff\xff"),
            (0xE2, b"ICC_PROFILE\0\x09\x01" + bytes(99)),
            (0xFE, b"\xff" * 65000),
        ]
    )
    made = pixels_of(tmp_path, whole[:2] + odd + whole[2:])
    assert np.array_equal(made, pixels_of(tmp_path, whole))


@pytest.mark.parametrize("size", [20, 58, 70])
def test_a_wrong_size_of_a_jpegs_metadata_is_ignored(tmp_path, size):
    content = saved("JPEG", b"", quality=95)
    metadata = b"\xff\xe1" + size.to_bytes(2, "big") + b"Exif\0\0" + bytes(50)
    made = pixels_of(tmp_path, content[:2] + metadata + content[2:])
    assert np.array_equal(made, pixels_of(tmp_path, content))


@pytest.mark.parametrize("kind", [b"tEXt", b"eXIf"])
def test_truncated_metadata_of_a_png_is_ignored(tmp_path, kind):
    content = saved("PNG", b"")
    cut = content[: content.rindex(b"IEND") - 4] + (100_000).to_bytes(4, "big") + kind + b"x"
    assert np.array_equal(pixels_of(tmp_path, cut), pixels_of(tmp_path, content))


def test_the_checksum_of_a_pngs_end_is_ignored(tmp_path):
    content = saved("PNG", b"")
    wrong = content[:-1] + bytes([content[-1] ^ 1])
    assert np.array_equal(pixels_of(tmp_path, wrong), pixels_of(tmp_path, content))


def test_a_cmyk_jpeg_keeps_its_colours_without_its_metadata(tmp_path):
    file = io.BytesIO()
    Image.fromarray(FLAT).convert("CMYK").save(file, "JPEG", exif=b"Exif\0\0" + block(TURN))
    assert np.abs(pixels_of(tmp_path, file.getvalue()).astype(int) - np.rot90(FLAT, -1)).max() < 60


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "jpeg"])
@pytest.mark.parametrize("big", [False, True], ids=["classic", "big"])
def test_odd_tags_of_a_tiff_are_ignored(tmp_path, compression, big):
    file = io.BytesIO()
    tags = {270: "text", 274: 6, 305: "software", 33432: "me"}
    Image.fromarray(FLAT).save(
        file, "TIFF", tiffinfo=tags, compression=compression, big_tiff=big, dpi=(72, 72)
    )
    content = bytearray(file.getvalue())
    for tag in (282, 283, 305):  # The type of each becomes one that it cannot have.
        place = content.index(struct.pack("<HH", tag, 5 if tag < 300 else 2))
        content[place + 2] = 12
    made = pixels_of(tmp_path, bytes(content))
    assert np.abs(made.astype(int) - np.rot90(FLAT, -1)).max() < 60


GREYS = {  # Rows of white, light, dark and black.
    1: (b"\0\xa0", [255, 0, 255, 0], 1),
    2: (b"\0\xe4", [255, 170, 85, 0], 3),
    4: (b"\0\xfa\x50", [255, 170, 85, 0], 15),
    8: (b"\0\xff\xaa\x55\0", [255, 170, 85, 0], 255),
    16: (b"\0" + struct.pack(">4H", 65535, 0xAAAA, 0x5555, 0), [255, 170, 85, 0], 65535),
}


@pytest.mark.parametrize("depth", GREYS)
def test_a_transparent_grey_value_becomes_black_at_any_depth(tmp_path, depth):
    row, levels, white = GREYS[depth]
    opaque = pixels_of(tmp_path, png(depth, 0, row * 4))
    assert opaque[0].ravel().tolist() == levels
    clear = chunk(b"tRNS", struct.pack(">H", white))
    made = pixels_of(tmp_path, png(depth, 0, row * 4, clear))
    assert made[0].ravel().tolist() == [level if level < 255 else 0 for level in levels]


def test_a_16_bit_grey_value_is_compared_with_all_its_bits(tmp_path):
    row = b"\0" + struct.pack(">4H", 0xAA00, 0xAA01, 0xAAFF, 0)
    made = pixels_of(tmp_path, png(16, 0, row * 4, chunk(b"tRNS", b"\xaa\x01")))
    assert made[0].ravel().tolist() == [0xAA, 0, 0xAA, 0]


@pytest.mark.parametrize(("depth", "form"), [(8, "B"), (16, "H")])
def test_a_transparent_colour_becomes_black_at_8_and_16_bits(tmp_path, depth, form):
    one, other, third = (200, 100, 50), (200, 100, 51), (255, 0, 0)
    row = b"\0" + b"".join(struct.pack(f">3{form}", *c) for c in (one, other, third, third))
    made = pixels_of(tmp_path, png(depth, 2, row * 4, chunk(b"tRNS", struct.pack(">3H", *third))))
    kept = [list(one), list(other)] if depth == 8 else [[0, 0, 0], [0, 0, 0]]
    assert made[0].tolist() == [*kept, [0, 0, 0], [0, 0, 0]]
    if depth == 16:
        wide = [(v << 8 | 7) for v in (200, 100, 50)]
        near = [*wide[:2], wide[2] + 1]
        row = b"\0" + b"".join(struct.pack(">3H", *c) for c in (wide, near, wide, near))
        made = pixels_of(tmp_path, png(16, 2, row * 4, chunk(b"tRNS", struct.pack(">3H", *wide))))
        assert made[0].tolist() == [[0, 0, 0], [200, 100, 50]] * 2


@pytest.mark.parametrize(("depth", "form"), [(8, "B"), (16, "H")])
def test_grey_with_alpha_is_grey_at_8_and_16_bits(tmp_path, depth, form):
    top = 2**depth - 1
    row = b"\0" + struct.pack(f">8{form}", top, top, top, 0, top // 3, top, 0, top)
    made = pixels_of(tmp_path, png(depth, 4, row * 4))
    assert made.shape == (4, 4, 1)
    assert made[0].ravel().tolist() == [255, 0, 85, 0]


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_the_highest_16_bit_level_is_returned(tmp_path, name):
    Image.fromarray(np.full((3, 4), 4095, np.uint16)).save(tmp_path / name)
    assert read(tmp_path / name, PLAIN).top == 4095
    Image.fromarray(FLAT).save(tmp_path / name)
    assert read(tmp_path / name, PLAIN).top is None


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        (np.ones((3, 4), np.float32), "got levels of real numbers; expected 8 or 16 bits"),
        (np.ones((3, 4), np.int32), "got levels of whole numbers of 32 bits"),
    ],
)
def test_a_tiff_of_another_number_type_is_refused(tmp_path, levels, said):
    Image.fromarray(levels).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match=said):
        picture(tmp_path / "a.tif", PLAIN)


def tiff(pixels, photometric, *, extra=None, order="<", planes=1, packed=False):
    """Return a TIFF file; Pillow cannot write these forms."""
    height, width, channels = pixels.shape
    strips = [pixels] if planes == 1 else [pixels[..., c] for c in range(channels)]
    strips = [np.ascontiguousarray(s, s.dtype.newbyteorder(order)).tobytes() for s in strips]
    strips = [zlib.compress(s) for s in strips] if packed else strips
    first = np.cumsum([8, *map(len, strips)])
    bits = [8 * pixels.dtype.itemsize] * channels
    kind = {"u": 1, "f": 3}[pixels.dtype.kind]
    entries = {256: [width], 257: [height], 258: bits, 259: [8 if packed else 1]}
    entries |= {262: [photometric], 273: list(first[:-1]), 277: [channels], 278: [height]}
    entries |= {279: list(map(len, strips)), 284: [planes]}
    entries |= ({} if extra is None else {338: [extra]}) | {339: [kind] * channels}
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", first[-1])
    directory, lists = struct.pack(f"{order}H", len(entries)), b""
    for tag, values in entries.items():
        data = struct.pack(f"{order}{len(values)}H", *values)
        if len(data) > 4:
            place = first[-1] + 2 + 12 * len(entries) + 4 + len(lists)
            data, lists = struct.pack(f"{order}I", place), lists + data
        directory += struct.pack(f"{order}HHI", tag, 3, len(values)) + data.ljust(4, b"\0")
    return head + b"".join(strips) + directory + bytes(4) + lists


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("packed", [False, True], ids=["raw", "deflate"])
def test_a_tiff_of_16_bits_with_alpha_is_laid_on_black(tmp_path, order, packed):
    row = [(65535, 0, 32768, 65535), (65535, 30000, 0, 32768), (60000, 1, 2, 0)]
    content = tiff(np.array([row] * 2, np.uint16), 2, extra=2, order=order, packed=packed)
    made = pixels_of(tmp_path, content)
    assert made[0].tolist() == [[255, 0, 128], [128, 59, 0], [0, 0, 0]]


@pytest.mark.parametrize("order", "<>")
def test_zero_is_white_in_a_tiff_of_16_bits(tmp_path, order):
    levels = np.array([[[0], [65535], [256]]], np.uint16)
    assert pixels_of(tmp_path, tiff(levels, 0, order=order)).ravel().tolist() == [255, 0, 254]


@pytest.mark.parametrize("alpha", [1, 2], ids=["premultiplied", "plain"])
def test_a_grey_tiff_with_alpha_is_grey(tmp_path, alpha):
    if (b"II", 1, (1,), 1, (8, 8), (alpha,)) not in TiffImagePlugin.OPEN_INFO:
        pytest.skip("an older Pillow: gankit refuses the picture, and says so")
    levels = np.array([[[255, 255], [128, 128], [0, 0]]], np.uint8)
    made = pixels_of(tmp_path, tiff(levels, 1, extra=alpha)).ravel().tolist()
    assert made == ([255, 128, 0] if alpha == 1 else [255, 64, 0])


FORMS = {
    "2 channels of 16 bits (grey)": ((np.uint16, 2, 1), {"extra": 2}),
    "2 channels of 8 bits (grey)": ((np.uint8, 2, 1), {}),
    "3 channels of 32 bits (RGB)": ((np.float32, 3, 2), {}),
    "3 channels of 16 bits (Lab)": ((np.uint16, 3, 8), {}),
    "3 channels of 8 bits (photometric interpretation 99)": ((np.uint8, 3, 99), {}),
    "1 channel of 64 bits (grey)": ((np.float64, 1, 1), {}),
    "3 channels of 16 bits (RGB), each in a plane of its own": ((np.uint16, 3, 2), {"planes": 2}),
    "2 channels of 8 bits (grey), each in a plane of its own": (
        (np.uint8, 2, 1),
        {"planes": 2, "extra": 2, "packed": True},
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_tiff_of_a_form_that_cannot_be_read_is_described_with_the_remedy(tmp_path, form):
    (dtype, channels, photometric), options = FORMS[form]
    content = tiff(np.ones((3, 4, channels), dtype), photometric, **options)
    with pytest.raises(DataError) as caught:
        pixels_of(tmp_path, content)
    said = f"got TIFF of {form}, which gankit cannot read; save it as a PNG file"
    assert str(caught.value) == f"{tmp_path / 'a'}: {said}"


@pytest.mark.parametrize("packed", [False, True], ids=["raw", "deflate"])
@pytest.mark.parametrize("channels", [3, 4])
def test_planes_of_a_tiff_are_read(tmp_path, channels, packed):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 4, channels), np.uint8)
    extra = 2 if channels == 4 else None
    made = [
        pixels_of(tmp_path, tiff(pixels, 2, extra=extra, planes=planes, packed=packed))
        for planes in (1, 2)
    ]
    assert np.array_equal(*made)


def test_a_grey_gif_is_read_as_colour(tmp_path):
    Image.new("L", (4, 3), 77).save(tmp_path / "a.gif")
    assert picture(tmp_path / "a.gif", PLAIN).tolist() == [[[77] * 3] * 4] * 3
