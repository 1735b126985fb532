"""The path of an export: the given one, or one in the run's folder."""

from __future__ import annotations

from pathlib import Path

from gankit._utils import atomic_files
from gankit._utils.paths import is_folder, require_parent
from gankit.errors import ConfigError
from gankit.runs import RunFolder

EXPORTS = "exports"
README = "README.md"


def target(folder: RunFolder, out: Path | None, name: str, suffix: str) -> Path:
    """Return the path of an export, checked before any work.

    Parameters
    ----------
    out
        The path that the user gave; None for `exports` in the run's folder.
    name, suffix
        File name in that folder, and the suffix that is required.

    Raises
    ------
    ConfigError
        `out` has another suffix, its folder is missing, or it is a folder of something else.
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
    """Return the path of an export's card: in its folder, or beside its file."""
    return path / README if made.is_dir() else path.with_name(f"{path.name}.md")
