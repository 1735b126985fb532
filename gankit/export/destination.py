"""Where an export goes: the file or folder that was named, or a place in the run's own folder."""

from __future__ import annotations

from pathlib import Path

from gankit._utils import atomic_files
from gankit._utils.paths import is_folder, require_parent
from gankit.errors import ConfigError
from gankit.runs import RunFolder

EXPORTS = "exports"
README = "README.md"


def target(folder: RunFolder, out: Path | None, name: str, suffix: str) -> Path:
    """Return where it goes, checked before any work is done.

    Parameters
    ----------
    out
        What a person named; None for `exports` in the folder of the run.
    name, suffix
        What it is called there, and the suffix that it must have anywhere.

    Raises
    ------
    ConfigError
        It has another suffix, its folder is missing, or a folder of something else is in the way.
    """
    if out is None:
        atomic_files.make_folder(folder.path / EXPORTS)
        out = folder.path / EXPORTS / f"{name}{suffix}"
    if out.suffix != suffix:
        raise ConfigError(f"cannot write {out}: such a file ends in {suffix}")
    require_parent(out)
    if is_folder(out) and any(out.iterdir()) and not (out / README).is_file():
        raise ConfigError(f"{out} is a folder that no export made; name another")
    return out


def card_of(path: Path, made: Path) -> Path:
    """Return where the card of an export belongs: in its folder, or beside its file."""
    return path / README if made.is_dir() else path.with_name(f"{path.name}.md")
