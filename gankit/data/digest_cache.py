"""A cache of large files' digests: a file is read again only after a change."""

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

SETTLED_NANOSECONDS = 2 * 10**9
"""Minimum age of a file's last change. File system clocks are coarse: a file that was just written
may change again with the same time of change."""
MOST_BYTES = 4096


def cached(images: FileArray) -> str | None:
    """Return the cached SHA-256 of a file's values, or None if the file has changed."""
    try:
        with _place(images).open("rb") as file:
            said = json.loads(file.read(MOST_BYTES))
        digest = said.pop("digest")
    except (OSError, ValueError, RecursionError, KeyError, AttributeError, TypeError):
        return None
    proof = said.pop("proof", None) == _checksum(said, digest)
    return str(digest) if proof and said == _facts(images) else None


def store(images: FileArray, digest: str) -> None:
    """Cache the SHA-256 of a file's values; without a writable cache, do nothing."""
    if time.time_ns() - images.status.st_mtime_ns < SETTLED_NANOSECONDS:
        return
    facts, place = _facts(images), _place(images)
    text = json.dumps({**facts, "digest": digest, "proof": _checksum(facts, digest)})
    try:
        with storing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
        with temporary(place) as part, storing(place):
            part.write_text(text, "utf-8")
            part.replace(place)
    except StorageError:
        return


def _facts(images: FileArray) -> dict[str, Any]:
    """Return the facts of a file that change with its content."""
    status = images.status
    return {
        "bytes": status.st_size, "mtime_ns": status.st_mtime_ns, "ctime_ns": status.st_ctime_ns,
        "inode": status.st_ino, "shape": list(images.shape),
    }  # fmt: skip


def _checksum(facts: dict[str, Any], digest: object) -> str:
    """Return a checksum of a cache entry, to detect damage."""
    return hashlib.sha256(json.dumps([facts, digest], sort_keys=True).encode()).hexdigest()


def _place(images: FileArray) -> Path:
    path = os.fsencode(os.path.realpath(images.path))
    return locations.cache() / "digests" / f"{hashlib.sha256(path).hexdigest()}.json"
