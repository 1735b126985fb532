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
"""The least age of a file's last change. File system clocks are coarse: a file that was just
written may change again at the same time."""
MOST_BYTES = 4096
"""The most bytes of a cache entry."""


def cached(images: FileArray) -> str | None:
    """Return the cached SHA-256 of a file's values, or None if the file has changed."""
    if not images.status.st_nlink:  # It has no name.
        return None
    try:
        with _path(images).open("rb") as file:
            facts = json.loads(file.read(MOST_BYTES))
        digest = facts.pop("digest")
    except (OSError, ValueError, RecursionError, KeyError, AttributeError, TypeError):
        return None
    valid = facts.pop("proof", None) == _checksum(facts, digest)
    return str(digest) if valid and facts == _facts(images) else None


def store(images: FileArray, digest: str) -> None:
    """Cache the SHA-256 of a file's values; without a writable cache, do nothing."""
    recent = time.time_ns() - images.status.st_mtime_ns < SETTLED_NANOSECONDS
    if recent or not images.status.st_nlink:
        return
    facts, path = _facts(images), _path(images)
    text = json.dumps({**facts, "digest": digest, "proof": _checksum(facts, digest)})
    try:
        with storing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with temporary(path) as part, storing(path):
            part.write_text(text, "utf-8")
            part.replace(path)
    except StorageError:
        return


def _facts(images: FileArray) -> dict[str, Any]:
    """Return the facts of a file that change with its content."""
    status = images.status
    return {
        "bytes": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "ctime_ns": status.st_ctime_ns,
        "inode": status.st_ino,
        "shape": list(images.shape),
    }


def _checksum(facts: dict[str, Any], digest: object) -> str:
    """Return a checksum of a cache entry, to detect damage."""
    return hashlib.sha256(json.dumps([facts, digest], sort_keys=True).encode()).hexdigest()


def _path(images: FileArray) -> Path:
    """Return the path of the cache entry."""
    path = os.fsencode(os.path.realpath(images.path))
    return locations.cache() / "digests" / f"{hashlib.sha256(path).hexdigest()}.json"
