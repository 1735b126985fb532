"""The path of an export: the user's, or one in the run's folder."""

from __future__ import annotations

from pathlib import Path

from gankit._utils import atomic_files
from gankit._utils.paths import is_folder, require_parent
from gankit.errors import ConfigError
from gankit.runs import RunFolder

EXPORTS = "exports"
README = "README.md"


def target(folder: RunFolder, out: Path | None, name: str, suffix: str) -> Path:
    """Return the path of an export; it is checked before the export begins.

    Parameters
    ----------
    folder
        The run's folder.
    out
        The user's path; None for a path in the folder `exports` of the run.
    name, suffix
        File name in that folder, and the required suffix.

    Raises
    ------
    ConfigError
        `out` has another suffix, its parent folder is missing, or it is a folder that contains
        no export.
    """
    if out is None:
        atomic_files.make_folder(folder.path / EXPORTS)
        out = folder.path / EXPORTS / f"{name}{suffix}"
    if out.suffix != suffix:
        raise ConfigError(f"--out: got {out}; expected a path that ends in {suffix}")
    require_parent(out)
    if is_folder(out) and any(out.iterdir()) and not (out / README).is_file():
        raise ConfigError(f"{out} is a folder without an export; name another folder")
    return out


def card_of(path: Path, made: Path) -> Path:
    """Return the path of the model card: in the folder of the export, or beside its file."""
    return path / README if made.is_dir() else path.with_name(f"{path.name}.md")
