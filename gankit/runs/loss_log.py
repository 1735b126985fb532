"""The log of losses: one line of JSON per step, without times, so that equal runs have equal logs.

{"step": 1, "discriminator": 1.386, "generator": 0.693}
"""

from __future__ import annotations

import functools
import hashlib
import io
import itertools
import json
import math
import os
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from gankit._utils import atomic_files, locked_folders
from gankit._utils.paths import given
from gankit._utils.storage import patiently, read_plain, storage_error, writing
from gankit.contract import Array
from gankit.errors import CheckpointError, StorageError

_KEYS = ("step", "discriminator", "generator")

Losses: TypeAlias = tuple[float, float]


class LossLog:
    """A file to which both losses of every step are appended.

    Parameters
    ----------
    path
        The file; created by the first `append`.
    """

    def __init__(self, path: Path) -> None:
        self.path = given(path, "the log")
        self._descriptor: int | None = None
        self._sum, self._bytes = hashlib.sha256(), 0

    def append(self, start_step: int, losses: Array) -> None:
        """Write the losses of a block.

        Parameters
        ----------
        start_step
            Steps done before the block; its first line has step `start_step + 1`.
        losses
            `(K, 2)`: the discriminator's and the generator's.

        Raises
        ------
        StorageError
            The file could not be written, or was moved or removed since it was opened.
        """
        rows = np.asarray(losses, np.float64).tolist()
        lines = (_line(number, row) for number, row in enumerate(rows, start=start_step + 1))
        text = "".join(lines).encode()
        try:
            with writing(self.path):
                atomic_files.write_all(self._open(), text)
        except StorageError:  # A part may be written, so the next append reads the file again.
            with suppress(StorageError):
                self.close()
            raise
        self._sum.update(text)
        self._bytes += len(text)

    def sync(self) -> dict[str, Any]:
        """Sync the log to disk, and return its digest.

        Returns
        -------
        dict
            The number of "bytes" of the file, and their "sha256" in hexadecimal.
        """
        if self._descriptor is None:
            return _digest(_content(self.path))
        with writing(self.path):
            patiently(functools.partial(os.fsync, self._descriptor))
            atomic_files.sync_folder(self.path.parent)
        return {"bytes": self._bytes, "sha256": self._sum.hexdigest()}

    def close(self) -> None:
        """Close the file; the next `append` reopens it."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            try:
                os.close(descriptor)
            except OSError as error:
                raise storage_error(self.path, error) from error

    def _open(self) -> int:
        if self._descriptor is None:
            atomic_files.make_folder(self.path.parent)
            self._descriptor = atomic_files.open_to_append(self.path)
            content = _content(self.path)
            self._sum, self._bytes = hashlib.sha256(content), len(content)
        status = os.fstat(self._descriptor)
        locked_folders.require_same(self.path, (status.st_dev, status.st_ino))
        return self._descriptor


def read(path: Path) -> Array:
    """Return the losses in the file `path`, `(steps, 2)` float64.

    The first column is the discriminator's, the second the generator's. An incomplete last line of
    a killed process is ignored. A missing file has no steps.

    Raises
    ------
    CheckpointError
        A line is invalid, or a step is missing; the message names the line.
    """
    path = given(path, "the log")
    rows = [_losses(path, number, line) for number, line in enumerate(_lines(path), start=1)]
    return np.array(rows, np.float64).reshape(len(rows), 2)


def read_valid(path: Path) -> tuple[Array, str]:
    """Return the `(n, 2)` losses before the first damage, and its description, or ""."""
    rows: list[Losses] = []
    damage = ""
    try:
        for number, line in enumerate(_lines(path), start=1):
            rows.append(_losses(path, number, line))
    except CheckpointError as error:
        damage = str(error)
    return np.array(rows, np.float64).reshape(len(rows), 2), damage


def count(path: Path) -> int:
    """Return the number of steps in a log, for which only its last line is parsed.

    If that line is damaged, it is the number before the first damage.
    """
    lines = deque(enumerate(_lines(path), start=1), maxlen=1)
    if not lines:
        return 0
    ((number, last),) = lines
    try:
        _losses(path, number, last)
    except CheckpointError:
        return len(read_valid(path)[0])
    return number


def fault(path: Path, digest: object) -> str:
    """Return a text if a log differs from the log at a checkpoint, else "".

    Parameters
    ----------
    path
        The log.
    digest
        The result of `LossLog.sync` when the checkpoint was saved; None if unknown. Lines after
        it are ignored.
    """
    length = digest.get("bytes") if isinstance(digest, Mapping) else None
    if not isinstance(length, int) or _digest(_content(path)[:length]) == digest:
        return ""
    return f"{path} differs from the log at the checkpoint: it was edited or damaged"


def truncate(path: Path, steps: int, digest: object = None) -> None:
    """Remove the lines after `steps`: the run resumes there, and writes them again.

    Parameters
    ----------
    path
        The log.
    steps
        The number of steps to keep.
    digest
        The result of `LossLog.sync` after `steps`; None if unknown.

    Raises
    ------
    CheckpointError
        The log is damaged, does not match the digest, or ends before `steps`.
    StorageError
        The log could not be written; it is unchanged.
    """
    remaining = list(itertools.islice(_lines(path), steps))
    for number, line in enumerate(remaining, start=1):
        _losses(path, number, line)
    if len(remaining) < steps:
        raise CheckpointError(
            f"{path} ends at step {len(remaining)}, before step {steps}; "
            "restore it from a copy, or start a new run; sampling needs no log"
        )
    text = b"".join(line + b"\n" for line in remaining)
    if digest is not None and _digest(text) != digest:
        raise CheckpointError(
            f"{path} differs from the log after step {steps}: it was edited or damaged; "
            "restore it from a copy, or start a new run; sampling needs no log"
        )
    if text != _content(path):
        atomic_files.write_file(path, text)


def _digest(content: bytes) -> dict[str, Any]:
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _content(path: Path) -> bytes:
    return read_plain(path) if os.path.lexists(path) else b""


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the complete lines, without their line ends."""
    # One at a time: a file of only line ends would make a list eight times its size.
    return (line[:-1] for line in io.BytesIO(_content(path)) if line.endswith(b"\n"))


def _line(number: int, losses: Losses) -> str:
    return json.dumps(dict(zip(_KEYS, (number, *losses), strict=True))) + "\n"


def _losses(path: Path, number: int, line: bytes) -> Losses:
    """Return the losses of a line, which must have step `number`."""
    try:
        return _parse(number, line)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}, line {number}: {str(error).lower()}") from None


def _parse(number: int, line: bytes) -> Losses:
    table = json.loads(line)
    if type(table) is not dict or tuple(table) != _KEYS:
        raise ValueError(f"expected {', '.join(_KEYS)}")
    found, discriminator, generator = table.values()
    if type(found) is not int or found != number:
        raise ValueError(f"expected step {number}")
    if not all(type(loss) is float and math.isfinite(loss) for loss in (discriminator, generator)):
        raise ValueError("a loss is not a finite number")
    return discriminator, generator
