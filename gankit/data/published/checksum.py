"""A published SHA-256, and whether gankit's authors confirmed it on the real file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gankit.errors import DataError


@dataclass(frozen=True)
class Checksum:
    """The published SHA-256 of a file.

    Attributes
    ----------
    sha256
        64 digits in hexadecimal.
    unconfirmed
        Its publisher, if gankit's authors could not confirm it on the real file; else empty. A
        match is valid in any case; a mismatch may be an error of the checksum.
    """

    sha256: str
    unconfirmed: str = ""

    def check(self, found: str, path: Path, name: str) -> None:
        """Raise DataError unless `found`, the SHA-256 of `path`, is that of the file `name`."""
        if found != self.sha256:
            digests = f"SHA-256 {found[:12]}…, not {self.sha256[:12]}…"
            if self.unconfirmed:
                digests += f", which {self.unconfirmed} published; not confirmed by gankit"
            raise DataError(f"{path}: its contents are not {name} ({digests})")
