"""Hostile data: false headers, decompression bombs, and special files."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
import zlib

import numpy as np

from gankit.data import idx_folder, own
from gankit.data.formats import idx
from gankit.data.formats.archives import tar_members
from gankit.data.published.checksum import Checksum
from gankit.data.published.files import PublishedFile
from tests.crash.hostile import (
    CANARY,
    DEEP,
    Harmful,
    a_pickle,
    endless,
    hostile,
    pipe,
    sparse,
    write,
)

DIGITS = PublishedFile("images", "x_train", (10, 2, 2), Checksum("0" * 64))
BATCH = "batches/data_batch_1.bin"


def published(path):
    return DIGITS.read(path)


def harmless(path):
    """Read images with valid pixels and false metadata, which is ignored."""
    assert len(own(path)) == 1


def unpacked(path):
    return list(tar_members(path, {BATCH: 100}, 2**20))


folder_of_idx = hostile(idx_folder, "DataError")
array = hostile(own, "DataError")
plain = hostile(idx.read, "DataError")
known = hostile(published, "DataError")
good = hostile(harmless, None)
archive = hostile(unpacked, "DataError")


# IDX and gzip.


@plain
def an_idx_file_of_2_to_the_60_images(folder):
    return write(folder / "images", b"\0\0\x08\x03" + struct.pack(">3I", 2**30, 2**15, 2**15))


@plain
def an_idx_file_of_255_dimensions(folder):
    return write(folder / "images", b"\0\0\x08\xff" + b"\xff" * 1020)


@plain
def an_idx_file_that_is_a_pickle(folder):
    return write(folder / "images", a_pickle())


@plain
def an_idx_file_larger_than_memory(folder):
    return sparse(folder / "images", idx.header((2**31,)))


@plain
def an_idx_file_that_is_a_gzip_bomb(folder):
    with gzip.open(folder / "images.gz", "wb", compresslevel=1) as file:
        for _ in range(512):
            file.write(bytes(2**20))
    return folder / "images.gz"


@plain
def an_idx_file_of_many_empty_gzip_members(folder):
    return write(folder / "images.gz", gzip.compress(b"") * 10_000)


@plain
def an_idx_file_that_is_a_folder(folder):
    (folder / "images").mkdir()
    return folder / "images"


@folder_of_idx
def a_folder_whose_idx_file_is_a_pipe(folder):
    return pipe(folder / "train-images-idx3-ubyte").parent


@folder_of_idx
def a_folder_whose_idx_file_is_endless(folder):
    return endless(folder / "train-images-idx3-ubyte").parent


@known
def published_images_in_a_gzip_bomb(folder):
    return write(folder / "images.gz", gzip.compress(bytes(2**26)))


@known
def published_images_in_an_npz_bomb(folder):
    return npz(folder, zipfile.ZIP_DEFLATED, {"x_train": bytes(2**26)})


@known
def published_images_in_an_npz_of_pickles(folder):
    np.savez(folder / "mine.npz", x_train=np.array([Harmful()], object))
    return folder / "mine.npz"


# NumPy's files.


def npy(shape, descr="'|u1'"):
    """Return an npy file's header with any text."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(text) + 1) + text + b"\n"


def npz(folder, method, members):
    with zipfile.ZipFile(folder / "mine.npz", "w", method) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return folder / "mine.npz"


def bomb(folder, images, method=zipfile.ZIP_DEFLATED):
    """Return a very small npz file of black images, 2^16 bytes each."""
    path = folder / "mine.npz"
    packed = zipfile.ZipFile(path, "w", method, compresslevel=1)  # The fastest.
    with packed as file, file.open("images.npy", "w") as member:
        member.write(npy((images, 256, 256)))
        for _ in range(images // 16):
            member.write(bytes(2**20))
    return path


@array
def an_npy_file_of_a_pickle(folder):
    np.save(folder / "mine.npy", np.array([Harmful()], object), allow_pickle=True)
    return folder / "mine.npy"


@array
def an_npy_file_that_is_a_pickle(folder):
    return write(folder / "mine.npy", a_pickle())


@array
def an_npy_file_of_2_to_the_60_images(folder):
    return write(folder / "mine.npy", npy((2**60, 28, 28)))


@array
def an_npy_file_whose_header_is_code(folder):
    return write(folder / "mine.npy", npy(f"__import__('{CANARY}')"))


@array
def an_npy_file_whose_header_is_deep(folder):
    return write(folder / "mine.npy", npy("(" * 4000 + ")" * 4000))


@array
def an_npy_file_whose_header_has_4_gigabytes(folder):
    return sparse(folder / "mine.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{")


@array
def an_npy_file_whose_type_is_a_module(folder):
    return write(folder / "mine.npy", npy((1,), f"'{CANARY}.type'"))


@array
def an_npy_file_that_is_a_pipe(folder):
    return pipe(folder / "mine.npy")


@array
def an_npy_file_that_is_endless(folder):
    return endless(folder / "mine.npy")


@array
def an_npz_file_of_a_pickle(folder):
    np.savez(folder / "mine.npz", images=np.array([Harmful()], object))
    return folder / "mine.npz"


@array
def an_npz_file_that_unpacks_to_a_gigabyte(folder):
    return bomb(folder, 2**14)


@array
def an_npz_file_that_unpacks_to_a_gigabyte_by_another_method(folder):
    return bomb(folder, 2**14, zipfile.ZIP_BZIP2)


@array
def an_npz_file_that_claims_2_to_the_60_images(folder):
    return npz(folder, zipfile.ZIP_DEFLATED, {"images": npy((2**60, 28, 28)) + bytes(100)})


@array
def an_npz_file_larger_than_memory(folder):
    return sparse(folder / "mine.npz", b"PK\x03\x04")


@good
def an_npz_file_with_a_path_outside_its_folder(folder):
    return npz(folder, zipfile.ZIP_STORED, {"../images": npy((1, 2, 2)) + bytes(4)})


@array
def an_npz_file_with_a_password(folder):
    path = npz(folder, zipfile.ZIP_STORED, {"images": npy((1, 2, 2)) + bytes(4)})
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.find(b"PK\x01\x02") + 8] |= 1
    return write(path, bytes(content))


def with_labels(folder):
    np.save(folder / "mine.npy", np.zeros((2, 2, 2), np.uint8))
    np.save(folder / "mine.labels.npy", np.zeros(2, np.uint8))
    return folder / "mine.npy"


@array
def names_of_classes_that_are_deep(folder):
    write(folder / "mine.classes.json", "[" * DEEP)
    return with_labels(folder)


@array
def names_of_classes_larger_than_memory(folder):
    sparse(folder / "mine.classes.json", b"[]")
    return with_labels(folder)


@array
def names_of_classes_of_half_a_gigabyte(folder):
    sparse(folder / "mine.classes.json", b"[]", 2**29)
    return with_labels(folder)


@array
def names_of_classes_of_a_million_digits(folder):
    write(folder / "mine.classes.json", f"[{'9' * 10**6}]")
    return with_labels(folder)


# Archives.


def tar(folder, *entries, content=bytes(100)):
    with tarfile.open(folder / "mine.tar.gz", "w:gz") as file:
        for name, kind, link in entries:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, link
            entry.size = len(content) if kind == tarfile.REGTYPE else 0
            file.addfile(entry, io.BytesIO(content))
    return folder / "mine.tar.gz"


@archive
def a_tar_file_whose_member_is_a_link(folder):
    return tar(folder, (BATCH, tarfile.SYMTYPE, "/etc/passwd"))


@archive
def a_tar_file_whose_member_is_a_hard_link(folder):
    return tar(folder, (BATCH, tarfile.LNKTYPE, "/etc/passwd"))


@archive
def a_tar_file_whose_member_is_a_device(folder):
    return tar(folder, (BATCH, tarfile.CHRTYPE, ""))


@archive
def a_tar_file_whose_member_is_a_pipe(folder):
    return tar(folder, (BATCH, tarfile.FIFOTYPE, ""))


@archive
def a_tar_file_with_a_path_outside_its_folder(folder):
    return tar(folder, (f"../{BATCH}", tarfile.REGTYPE, ""))


@archive
def a_tar_file_with_a_member_given_twice(folder):
    return tar(folder, *[(BATCH, tarfile.REGTYPE, "")] * 2)


@archive
def a_tar_file_that_is_a_bomb(folder):
    return tar(folder, ("other", tarfile.REGTYPE, ""), content=bytes(2**26))


# Pictures.


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(folder, width, height, *, kind=2, data=b"", more=b""):
    """Return a folder with a PNG file of a given declared size."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0))
    body = head + more + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return write(folder / "mine.png", b"\x89PNG\r\n\x1a\n" + body).parent


def black(width, height, channels):
    """Return the packed pixels of a black picture."""
    packing = zlib.compressobj(1)
    row = bytes(1 + width * channels)
    return b"".join([packing.compress(row) for _ in range(height)] + [packing.flush()])


@array
def a_picture_of_2_to_the_60_pixels(folder):
    return png(folder, 2**30, 2**30, data=zlib.compress(bytes(100)))


@array
def a_picture_that_unpacks_to_a_quarter_of_a_gigabyte(folder):
    return png(folder, 9000, 9000, data=black(9000, 9000, 3))


@array
def a_transparent_picture_that_unpacks_to_a_third_of_a_gigabyte(folder):
    return png(folder, 9000, 9000, kind=6, data=black(9000, 9000, 4))


@good
def a_picture_with_a_text_that_is_a_bomb(folder):
    text = chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(2**28), 1))
    return png(folder, 2, 2, data=black(2, 2, 3), more=text)


@array
def a_picture_that_is_a_pickle(folder):
    return write(folder / "mine.png", a_pickle()).parent


@array
def a_picture_larger_than_memory(folder):
    start = b"RIFF" + struct.pack("<I", 2**32 - 10) + b"WEBPVP8 "
    return sparse(folder / "mine.webp", start).parent


@array
def a_picture_of_half_a_gigabyte(folder):
    start = b"RIFF" + struct.pack("<I", 2**29 - 8) + b"WEBPVP8 "
    return sparse(folder / "mine.webp", start, 2**29).parent


@array
def a_picture_that_is_a_pipe(folder):
    return pipe(folder / "mine.png").parent


@array
def a_picture_that_is_endless(folder):
    return endless(folder / "mine.png").parent
