"""Bytes out of plain, gzip and npz files, never more of them than were asked for.

A few kilobytes can unpack to gigabytes, and a file found on a disk may have been made to do so.
"""

from __future__ import annotations

import gzip
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO

from gankit.errors import DataError

GZIP_MAGIC = b"\x1f\x8b"

NPY_HEADER = 16384
"""Bytes that an npy header may take; NumPy's own reader refuses headers above 10,000."""

BROKEN = (
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    RuntimeError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)
"""What an unreadable, damaged or encrypted file makes gzip and zipfile raise."""


def contents(path: Path, limit: int) -> bytes:
    """Return what a file holds, unpacked if it is gzip: its first bytes decide, not its name.

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

    An npy member is a short header and then the numbers as they lie in memory. A caller who knows
    their shape and their sum has no use for the header, so that nothing in it need be believed.

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
            entry = archive.getinfo(f"{member}.npy")
            # Only these two methods stop unpacking at the size that they are asked for.
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise DataError(f"{path}: {member} is packed by method {entry.compress_type}")
            with archive.open(entry) as file:
                return _bounded(file, size + NPY_HEADER)[-size:]
    except KeyError as error:
        raise DataError(f"{path}: has no array {member!r}") from error
    except BROKEN as error:
        raise DataError(f"{path}: cannot be read: {reason(error)}") from error
    except _TooLarge as error:
        raise DataError(f"{path}: {member}: {error}") from error


def reason(error: Exception) -> str:
    """Return what went wrong in a few words, without the path or address that the caller names."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error).lower() or type(error).__name__


class _TooLarge(Exception):
    """A stream holds more than it may."""


def _bounded(stream: IO[bytes] | gzip.GzipFile, limit: int) -> bytes:
    content = stream.read(limit + 1)
    if len(content) > limit:
        raise _TooLarge(f"unpacks to more than the {limit} bytes expected")
    return content
