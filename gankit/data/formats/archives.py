"""Read plain, gzip, npz and tar files, with a limit on the unpacked bytes.

A malicious file of a few kilobytes can unpack to gigabytes.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from gankit.errors import DataError, reason

GZIP_MAGIC = b"\x1f\x8b"

NPY_HEADER = 16384
"""The most bytes of an npy header; NumPy's own reader refuses headers above 10,000."""

ALWAYS_UNPACKED_BYTES = 2**25
"""Bytes to which a file of any size may unpack."""

MOST_GROWTH = 200
"""The largest ratio of unpacked to packed bytes of a larger file; photographs reach 20."""

BROKEN = (
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    RuntimeError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    tarfile.TarError,
)
"""What gzip, zipfile and tarfile raise for an unreadable, damaged or encrypted file."""


def contents(path: Path, limit: int) -> bytes:
    """Return a file's content; unpack it if its first bytes are gzip's, with any name.

    Parameters
    ----------
    path
        A regular file.
    limit
        The most bytes that it may unpack to.

    Raises
    ------
    DataError
        If it cannot be read, is damaged, or unpacks to more than `limit` bytes.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
            file.seek(0)
            return _bounded(gzip.GzipFile(fileobj=file) if packed else file, limit)
    except BROKEN as error:
        raise DataError(f"{path}: cannot be read: {reason(error)}") from error
    except _TooLarge as error:
        raise DataError(f"{path}: {error}") from error


def array_bytes(path: Path, member: str, size: int) -> bytes:
    """Return the raw bytes of one array in an npz file, without its header.

    An npy member is a short header followed by the raw values. The caller has their shape and
    checksum, so the header, which is untrusted, is not used.

    Parameters
    ----------
    path
        An npz file.
    member
        The array's name in it, for example "x_train".
    size
        The array's size in bytes.

    Raises
    ------
    DataError
        If the file cannot be read, is damaged, or has no such member of about that size.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entry = entry_of(path, archive, member)
            with archive.open(entry) as file:
                return _bounded(file, size + NPY_HEADER)[-size:]
    except KeyError as error:
        raise DataError(f"{path}: has no array {member!r}") from error
    except BROKEN as error:
        raise DataError(f"{path}: cannot be read: {reason(error)}") from error
    except _TooLarge as error:
        raise DataError(f"{path}: {member}: {error}") from error


def entry_of(path: Path, archive: zipfile.ZipFile, member: str) -> zipfile.ZipInfo:
    """Return the entry of an array in an npz file; KeyError if it is missing.

    Raises
    ------
    DataError
        If it is packed by a method that NumPy does not use.
    """
    entry = archive.getinfo(f"{member}.npy")
    # Only these two methods stop unpacking at the requested size.
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(f"{path}: {member} is packed by method {entry.compress_type}")
    return entry


def check_growth(path: Path, unpacked: int) -> None:
    """Raise DataError if the declared unpacked size of a file is that of a decompression bomb."""
    packed = path.stat().st_size
    if unpacked > max(ALWAYS_UNPACKED_BYTES, MOST_GROWTH * packed):
        raise DataError(
            f"{path}: its {packed} bytes unpack to {unpacked}, more than {MOST_GROWTH} times as "
            "many; refused as a decompression bomb"
        )


def digest(path: Path, size: int) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal.

    Raises
    ------
    DataError
        If it cannot be read, or does not have `size` bytes; then it is not read.
    """
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno()).st_size
            if found != size:
                raise DataError(f"{path}: has {found} bytes; as published it has {size}")
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {reason(error)}") from error


def tar_members(path: Path, sizes: Mapping[str, int], limit: int) -> Iterator[tuple[str, bytes]]:
    """Yield files in a gzipped tar by their exact names, in archive order.

    Nothing is extracted: paths in the archive are never used, and links are skipped.

    Parameters
    ----------
    path
        The archive.
    sizes
        Bytes of each file wanted, by name.
    limit
        The most bytes that the complete archive may unpack to.

    Raises
    ------
    DataError
        If the archive cannot be read, is damaged, unpacks to more, or contains a file with another
        size, twice or not at all.
    """
    try:
        with path.open("rb") as file, gzip.GzipFile(fileobj=file) as unpacked:
            yield from _members(path, _Limited(unpacked, limit), dict(sizes))
    except BROKEN as error:
        raise DataError(f"{path}: cannot be read: {reason(error)}") from error
    except _TooLarge as error:
        raise DataError(f"{path}: {error}") from error


def _members(path: Path, stream: _Limited, missing: dict[str, int]) -> Iterator[tuple[str, bytes]]:
    sizes = dict(missing)
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for entry in archive:
            if entry.name not in sizes or not entry.isreg():
                continue
            if entry.name not in missing:
                raise DataError(f"{path}: has {entry.name} twice")
            if entry.size != missing.pop(entry.name):
                counts = f"{entry.size} bytes, not {sizes[entry.name]}"
                raise DataError(f"{path}: {entry.name} has {counts}")
            content = archive.extractfile(entry)
            yield entry.name, content.read() if content else b""
    if missing:
        raise DataError(f"{path}: has no {', '.join(missing)}")


class _TooLarge(Exception):
    """A stream is longer than its limit."""


class _Limited(io.RawIOBase):
    """A readable stream with a limit."""

    def __init__(self, stream: gzip.GzipFile, limit: int) -> None:
        self._stream, self._limit, self._left = stream, limit, limit

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        """Read the next bytes; _TooLarge beyond the limit."""
        count = self._stream.readinto(buffer)
        self._left -= count
        if self._left < 0:
            raise _TooLarge(f"unpacks to more than the expected {self._limit} bytes")
        return count


def _bounded(stream: IO[bytes] | gzip.GzipFile, limit: int) -> bytes:
    content = stream.read(limit + 1)
    if len(content) > limit:
        raise _TooLarge(f"unpacks to more than the expected {limit} bytes")
    return content
