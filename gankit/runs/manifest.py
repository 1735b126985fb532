"""A checkpoint's manifest: its files and arrays, with the digests that verify them.

A manifest is untrusted input. It is used only after its own digest is verified, and it can name
only plain files in its folder.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NoReturn, TypeAlias, TypeVar

import numpy as np

from gankit._utils.state import State
from gankit.errors import CheckpointError, ConfigError, OtherFormat, written_earlier
from gankit.runs import tensors

NAME = "manifest.json"
FORMAT = 3
"""The number of the format that is written; only this one is read."""
MOST_BYTES = 4 * 2**20
"""The most bytes of a manifest: enough for 30,000 arrays, and less than 256 MB when parsed."""

Json: TypeAlias = Any
Kind = TypeVar("Kind")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.safetensors")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOST_HEADER_BYTES = 8 * 2**20
_MOST_DIMENSIONS = 32


@dataclass(frozen=True)
class ArrayEntry:
    """The shape and dtype of an array."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """The number of bytes of its values."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class FileEntry:
    """A file's size in bytes, its SHA-256 and its arrays by name."""

    bytes: int
    sha256: str
    arrays: dict[str, ArrayEntry]


@dataclass(frozen=True)
class Manifest:
    """The content of a manifest.

    Attributes
    ----------
    step
        Number of steps done.
    gankit
        The version of gankit that wrote it.
    created
        Time in UTC, as in ISO 8601.
    info
        Additional values of the writer.
    files
        Entries by file name.
    """

    step: int
    gankit: str
    created: str
    info: dict[str, Json]
    files: dict[str, FileEntry]

    def encode(self) -> bytes:
        """Return the canonical text of the manifest, with its own digest."""
        return _sealed({"format": FORMAT, **asdict(self)})

    @property
    def digest(self) -> str:
        """The manifest's own digest, SHA-256: it identifies the checkpoint with all its arrays."""
        return str(json.loads(self.encode())["sha256"])


def describe(content: bytes, arrays: State) -> FileEntry:
    """Return the entry of a file with this content."""
    table = {name: entry(array) for name, array in arrays.items()}
    return FileEntry(len(content), hashlib.sha256(content).hexdigest(), table)


def entry(array: np.ndarray[Any, Any]) -> ArrayEntry:
    """Return the entry of an array."""
    return ArrayEntry(array.dtype.name, array.shape)


def as_json(info: Mapping[str, Json]) -> dict[str, Json]:
    """Return `info` as it is read from JSON: lists for tuples, text for keys.

    ConfigError if JSON cannot represent it.
    """
    try:
        return dict(json.loads(json.dumps(info, allow_nan=False)))
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"info cannot be saved as JSON: {str(error).lower()}") from None


def parse(content: bytes) -> Manifest:
    """Parse a manifest; CheckpointError with the reason if it is invalid."""
    body = _body(content)
    if type(body) is not dict:
        raise CheckpointError("it is not a JSON object")
    written_as = _take(body, "format", int)
    unsealed = {key: value for key, value in body.items() if key != "sha256"}
    if _sealed(unsealed) != content:
        raise CheckpointError("its digest is wrong: it was edited or damaged")
    if written_as > FORMAT:
        raise OtherFormat(
            f"it has format {written_as!r:.20}, and this gankit reads {FORMAT}; upgrade gankit"
        )
    if written_as < FORMAT:
        raise written_earlier(f"format {written_as!r:.20}")
    step = _take(body, "step", int)
    if not 0 <= step < 10**18:
        raise CheckpointError("its step is not a number of steps")
    return Manifest(
        step=step,
        gankit=_take(body, "gankit", str),
        created=_take(body, "created", str),
        info=_take(body, "info", dict),
        files=_files(_take(body, "files", dict)),
    )


def _body(content: bytes) -> Json:
    try:
        return json.loads(content.decode(), parse_constant=_refuse_constant)
    except RecursionError:
        raise CheckpointError("its JSON is nested too deeply") from None
    except ValueError as error:  # Also text that is not UTF-8, and integers of too many digits.
        raise CheckpointError(f"it is not JSON: {str(error).lower()}") from None


def _sealed(body: Mapping[str, Json]) -> bytes:
    """Return the canonical text of `body` with the digest of that text."""
    try:
        members = {key: _member(key, value) for key, value in body.items()}
        digest = hashlib.sha256(_text(members)).hexdigest()
        return _text({**members, "sha256": _member("sha256", digest)})
    except (RecursionError, ValueError) as error:
        raise CheckpointError(f"it cannot be written as JSON: {str(error).lower()}") from None


def _member(key: str, value: Json) -> str:
    """Return the canonical text of one member of an object."""
    text = json.dumps({key: value}, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=True)
    return text.removeprefix("{\n").removesuffix("\n}")


def _text(members: Mapping[str, str]) -> bytes:
    """Return the canonical text of an object of at least one member."""
    joined = ",\n".join(members[key] for key in sorted(members))
    return f"{{\n{joined}\n}}\n".encode()


def _files(table: dict[str, Json]) -> dict[str, FileEntry]:
    for name in table:
        if not _FILE.fullmatch(name):
            raise CheckpointError(f"it names {name!r:.80}, which is not a checkpoint file")
    return {name: _file(name, _take(table, name, dict)) for name in table}


def _file(name: str, table: dict[str, Json]) -> FileEntry:
    arrays = _take(table, "arrays", dict)
    found = FileEntry(
        bytes=_take(table, "bytes", int),
        sha256=_take(table, "sha256", str),
        arrays={array: _array(array, _take(arrays, array, dict)) for array in arrays},
    )
    if not _DIGEST.fullmatch(found.sha256):
        raise CheckpointError(f"its digest of {name} is invalid")
    wanted = sum(array.bytes for array in found.arrays.values())
    if not wanted <= found.bytes <= wanted + _MOST_HEADER_BYTES:
        raise CheckpointError(f"{name} has {found.bytes} bytes, but its arrays have {wanted}")
    return found


def _array(name: str, table: dict[str, Json]) -> ArrayEntry:
    dtype, shape = _take(table, "dtype", str), _take(table, "shape", list)
    if dtype not in tensors.DTYPES:
        raise CheckpointError(f"it gives {name!r:.80} an invalid type {dtype!r:.80}")
    if len(shape) > _MOST_DIMENSIONS or not all(type(n) is int and 0 <= n < 2**63 for n in shape):
        raise CheckpointError(f"it gives {name!r:.80} an invalid shape")
    return ArrayEntry(dtype, tuple(shape))


def _take(table: dict[str, Json], key: str, kind: type[Kind]) -> Kind:
    """Return `table[key]`, which must be exactly of the type: true is not a number."""
    value = table.get(key)
    if type(value) is not kind:
        raise CheckpointError(f"its {key!r:.80} is missing or not of type {kind.__name__}")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")
