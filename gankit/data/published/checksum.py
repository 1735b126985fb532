"""A sum that somebody published, and whether true bytes have been seen here to have it."""

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
        Who published it, if gankit's authors had no true bytes to try it on; else empty. A file
        that has the sum is proven all the same; one that has another may not be at fault.
    """

    sha256: str
    untried: str = ""

    def check(self, found: str, path: Path, name: str) -> None:
        """Raise DataError unless `found`, the SHA-256 of what `path` holds, is that of `name`."""
        if found != self.sha256:
            told = f"SHA-256 {found[:12]}…, not {self.sha256[:12]}…"
            doubt = f", which {self.untried} published and gankit's authors could not try"
            raise DataError(
                f"{path}: its contents are not {name} ({told}{doubt if self.untried else ''})"
            )
