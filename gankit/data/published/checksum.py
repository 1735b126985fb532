"""A published SHA-256, and whether it was confirmed on the real file."""

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
    untried
        Its publisher, if gankit's authors could not confirm it on the real file; else empty. A
        match is valid all the same; a mismatch may be the checksum's error.
    """

    sha256: str
    untried: str = ""

    def check(self, found: str, path: Path, name: str) -> None:
        """Raise DataError unless `found`, the SHA-256 of `path`, is that of the file `name`."""
        if found != self.sha256:
            told = f"SHA-256 {found[:12]}…, not {self.sha256[:12]}…"
            doubt = f", which {self.untried} published and gankit's authors could not try"
            raise DataError(
                f"{path}: its contents are not {name} ({told}{doubt if self.untried else ''})"
            )
