"""Digests of large files, kept in gankit's cache: a file is read again only once it has changed."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

from gankit._utils.file_array import FileArray
from gankit.data import locations
from gankit.data.temporary_files import storing, temporary
from gankit.errors import StorageError

SETTLED = 2 * 10**9
"""Nanoseconds for which a file must have been left alone. A file system's clock is coarse: one that
was just written may change once more, and its time of change not."""
LIMIT = 4096


def kept(images: FileArray) -> str | None:
    """Return the SHA-256 of the numbers in a file if it is known and the file has not changed."""
    try:
        with _place(images).open("rb") as file:
            said = json.loads(file.read(LIMIT))
        digest = said.pop("digest")
    except (OSError, ValueError, RecursionError, KeyError, AttributeError, TypeError):
        return None
    proof = said.pop("proof", None) == _proof(said, digest)
    return str(digest) if proof and said == _facts(images) else None


def keep(images: FileArray, digest: str) -> None:
    """Keep the SHA-256 of the numbers in a file; where that cannot be, it is found again."""
    if time.time_ns() - images.status.st_mtime_ns < SETTLED:
        return
    facts, place = _facts(images), _place(images)
    text = json.dumps({**facts, "digest": digest, "proof": _proof(facts, digest)})
    try:
        with storing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
        with temporary(place) as part, storing(place):
            part.write_text(text, "utf-8")
            part.replace(place)
    except StorageError:
        return


def _facts(images: FileArray) -> dict[str, Any]:
    """Return what changes if the file does."""
    status = images.status
    return {
        "bytes": status.st_size, "mtime_ns": status.st_mtime_ns, "ctime_ns": status.st_ctime_ns,
        "inode": status.st_ino, "shape": list(images.shape),
    }  # fmt: skip


def _proof(facts: dict[str, Any], digest: object) -> str:
    """Return what a damaged file in the cache does not have."""
    return hashlib.sha256(json.dumps([facts, digest], sort_keys=True).encode()).hexdigest()


def _place(images: FileArray) -> Path:
    path = os.fsencode(os.path.realpath(images.path))
    return locations.cache() / "digests" / f"{hashlib.sha256(path).hexdigest()}.json"
