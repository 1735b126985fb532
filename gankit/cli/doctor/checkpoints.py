"""What is known of a checkpoint: when and by what it was made, how large it is, if it is whole."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gankit._text import plain
from gankit._utils.paths import is_folder
from gankit._utils.storage import read_plain
from gankit.errors import CheckpointError
from gankit.launch.messages import warn
from gankit.launch.resuming import best as best_of
from gankit.launch.resuming import passed_over
from gankit.runs import CheckpointStore, RunFolder, manifest, read_checkpoint
from gankit.runs.evaluation_log import Row


@dataclass(frozen=True)
class CheckpointReport:
    """A checkpoint, as it was found.

    Attributes
    ----------
    path
        Its folder.
    step
        Steps done.
    created, backend
        What its manifest says of when, in UTC, and by what it was made; empty where it cannot
        be read.
    bytes
        Of all its files on the disk.
    whole
        Whether everything in it could be proved; None where that was not tried.
    reason
        What is wrong with it, or empty.
    best
        What makes it the best of the run's checkpoints, or empty.
    """

    path: str
    step: int
    created: str
    backend: str
    bytes: int
    whole: bool | None
    reason: str
    best: str = ""


def reports(run: Path, *, prove: bool = True) -> list[CheckpointReport]:
    """Return the checkpoints of a run, the oldest first; CheckpointError if it is no run."""
    folder = opened(run)
    best = _best(folder)
    return [
        dataclasses.replace(one, best=_measured(best)) if best and one.step == best["step"] else one
        for one in _reports(folder, prove=prove)
    ]


def proofs(paths: Iterable[Path]) -> list[CheckpointReport]:
    """Prove the checkpoints that are meant: those named, and all of the runs named.

    Raises
    ------
    CheckpointError
        A path is neither a run nor a checkpoint, or a run that has none.
    """
    found: dict[str, CheckpointReport] = {}
    for path in paths:
        with _looking(path):
            meant = _meant(path)
        found |= {one.path: one for one in meant if one.path not in found}
    return list(found.values())


def _reports(folder: RunFolder, *, prove: bool) -> list[CheckpointReport]:
    """Report the checkpoints of a run.

    One that a process beside removes meanwhile is left out: it is not damaged. Where that leaves
    none, they are listed again.
    """
    store = folder.checkpoints
    steps = store.steps(passed_over)
    while steps:
        found = [report(store.path(step), prove=prove) for step in steps]
        steps = store.steps()
        if there := [one for one in found if one.step in steps]:
            return there
    return []


def _best(folder: RunFolder) -> Row | None:
    """Return the evaluation of the best checkpoint; None, with a warning, where it is damaged."""
    try:
        return best_of(folder)
    except CheckpointError as error:
        warn(f"which checkpoint is the best is not known: {error}")
        return None


def _measured(row: Row) -> str:
    return plain(f"Fréchet distance {row['frechet']:.4g}, {row['features']}")


def opened(run: Path) -> RunFolder:
    """Return a run's folder; CheckpointError if it is none."""
    with _looking(run):
        return RunFolder.open(run)


def report(path: Path, *, prove: bool = True) -> CheckpointReport:
    """Return what is known of the checkpoint in a folder; damage is reported, not raised."""
    reason = _damage(path) if prove else ""
    said = None
    with suppress(CheckpointError):
        said = manifest.parse(read_plain(path / manifest.NAME, manifest.MOST_BYTES))
    named = int(path.name) if path.name.isdecimal() else 0
    return CheckpointReport(
        path=str(path), step=said.step if said and not named else named,
        created=plain(said.created, 40) if said else "",
        backend=plain(said.info.get("backend", ""), 40) if said else "",
        bytes=size(path), whole=not reason if prove else None, reason=reason,
    )  # fmt: skip


def size(path: Path) -> int:
    """Return the bytes of all files below a folder, or of a file; follows no link."""
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            with suppress(OSError):
                total += (Path(folder) / name).lstat().st_size
    if not is_folder(path) or path.is_symlink():
        with suppress(OSError):
            return path.lstat().st_size
    return total


def _meant(path: Path) -> list[CheckpointReport]:
    folder = RunFolder(path)
    if not folder.exists():
        return [report(_checkpoint(path))]
    found = _reports(folder, prove=True)
    if not found:
        raise CheckpointError(f"{path} has no checkpoint")
    return found


@contextmanager
def _looking(path: Path) -> Iterator[None]:
    """Turn an OSError, as of a folder that may not be entered, into a CheckpointError."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CheckpointError(f"cannot look at {path}: {reason}") from error


def _checkpoint(path: Path) -> Path:
    named = path.absolute().name
    steps = CheckpointStore(path.absolute().parent).steps()
    if (path / manifest.NAME).is_file() or (named.isdecimal() and int(named) in steps):
        return path
    lacks = "it has neither config.toml nor manifest.json" if path.exists() else "no such folder"
    raise CheckpointError(f"{path} is neither a run nor a checkpoint: {lacks}")


def _damage(path: Path) -> str:
    """Return what is wrong with a checkpoint, without its own path; or nothing."""
    try:
        read_checkpoint(path)
    except CheckpointError as error:
        return plain(str(error).replace(f"{path}{os.sep}", "").removeprefix(f"{path}: "))
    return ""
