"""Check the folder of --out before a command loads a run."""

from __future__ import annotations

from pathlib import Path

from gankit._utils.paths import is_folder
from gankit._utils.storage import require_folder
from gankit.errors import ConfigError


def check_output_folder(out: Path, otherwise: str = "") -> None:
    """Raise ConfigError for the name of a picture, StorageError if it cannot be written in.

    Parameters
    ----------
    out
        The folder, which may be new.
    otherwise
        What --out takes in place of a folder, for the message.
    """
    from gankit.data.formats.picture import SUFFIXES

    if out.suffix.lower() in SUFFIXES and not is_folder(out):
        raise ConfigError(f"--out: got {str(out)!r}; expected a folder{otherwise}")
    require_folder(out)
