"""The log of losses: one line of JSON per step, without times, so that equal runs have equal logs.

{"step": 1, "discriminator": 1.386, "generator": 0.693}

Terms of the losses have further columns, such as "generator/fake/digit".
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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from gankit._utils import atomic_files, locked_folders
from gankit._utils.paths import given
from gankit._utils.storage import patiently, read_plain, storage_error, writing
from gankit.contract import Array
from gankit.contract.loss_columns import NETWORKS
from gankit.errors import CheckpointError, StorageError
from gankit.runs.loss_history import LossHistory

Losses: TypeAlias = tuple[float, ...]
Names: TypeAlias = tuple[str, ...]
_KEYS = ("step", *NETWORKS)


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

    def append(
        self, start_step: int, losses: Array, terms: Mapping[str, Array] | None = None
    ) -> None:
        """Write the losses of a block.

        Parameters
        ----------
        start_step
            Steps done before the block; its first line has step `start_step + 1`.
        losses
            `(K, 2)`: the discriminator's and the generator's.
        terms
            `(K,)` values by the names of their columns; in every block the same names.

        Raises
        ------
        StorageError
            The file could not be written, or was moved or removed since it was opened.
        """
        columns = LossHistory(losses, terms).columns()
        values = zip(*(np.asarray(c, np.float64).tolist() for c in columns.values()), strict=True)
        keys = ("step", *columns)
        lines = (_line(keys, row) for row in enumerate(values, start=start_step + 1))
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


def read(path: Path) -> LossHistory:
    """Return the losses in the file `path`, `(steps, 2)` float64, and the terms.

    The first column is the discriminator's, the second the generator's. An incomplete last line of
    a killed process is ignored. A missing file has no steps.

    Raises
    ------
    CheckpointError
        A line is invalid, or a step is missing; the message names the line.
    """
    path = given(path, "the log")
    history, damage = read_valid(path)
    if damage:
        raise CheckpointError(damage)
    return history


def read_valid(path: Path) -> tuple[LossHistory, str]:
    """Return the losses before the first damage, and its description, or ""."""
    rows: list[Losses] = []
    names: Names = NETWORKS
    damage = ""
    try:
        for number, line in enumerate(_lines(path), start=1):
            names = names if rows else _names(line)
            rows.append(_losses(path, number, line, names))
    except CheckpointError as error:
        damage = str(error)
    columns = np.array(rows, np.float64).reshape(len(rows), len(names))
    terms = dict(zip(names[2:], columns[:, 2:].T, strict=True))
    return LossHistory(columns[:, :2], terms), damage


def count(path: Path) -> int:
    """Return the number of steps in a log, for which only its last line is parsed.

    If that line is damaged, it is the number before the first damage.
    """
    each = _lines(path)
    first = next(each, None)
    if first is None:
        return 0
    lines = deque(enumerate(itertools.chain((first,), each), start=1), maxlen=1)
    ((number, last),) = lines
    try:
        _losses(path, number, last, _names(first))
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


def truncate(
    path: Path, steps: int, digest: object = None, terms: Sequence[str] | None = None
) -> None:
    """Remove the lines after `steps`: the run resumes there, and writes them again.

    Parameters
    ----------
    path
        The log.
    steps
        The number of steps to keep.
    digest
        The result of `LossLog.sync` after `steps`; None if unknown.
    terms
        The names of the terms that the resumed run appends; None, the default, is not compared.

    Raises
    ------
    CheckpointError
        The log is damaged, does not match the digest, ends before `steps`, or has other terms.
    StorageError
        The log could not be written; it is unchanged.
    """
    remaining = list(itertools.islice(_lines(path), steps))
    names = _names(remaining[0]) if remaining else NETWORKS
    for number, line in enumerate(remaining, start=1):
        _losses(path, number, line, names)
    if remaining and terms is not None and names[2:] != tuple(terms):
        raise CheckpointError(
            f"{path} has the terms {_listed(names[2:])}; expected {_listed(terms)}; "
            "start a new run; sampling needs no log"
        )
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


def _line(keys: Sequence[str], row: tuple[int, Losses]) -> str:
    number, losses = row
    return json.dumps(dict(zip(keys, (number, *losses), strict=True))) + "\n"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _names(line: bytes) -> Names:
    """Return the columns of a log with this first line, at least those of both networks."""
    try:
        table = json.loads(line)
    except (ValueError, RecursionError):
        return NETWORKS
    keys = tuple(table) if type(table) is dict else ()
    return keys[1:] if keys[: len(_KEYS)] == _KEYS else NETWORKS


def _losses(path: Path, number: int, line: bytes, names: Names) -> Losses:
    """Return the columns of a line, which must have step `number`."""
    try:
        return _parse(number, line, names)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}, line {number}: {str(error).lower()}") from None


def _parse(number: int, line: bytes, names: Names) -> Losses:
    table = json.loads(line)
    if type(table) is not dict or tuple(table) != ("step", *names):
        raise ValueError(f"expected {', '.join(('step', *names))}")
    found, *losses = table.values()
    if type(found) is not int or found != number:
        raise ValueError(f"expected step {number}")
    if not all(type(loss) is float and math.isfinite(loss) for loss in losses):
        raise ValueError("a loss is not a finite number")
    return tuple(losses)
