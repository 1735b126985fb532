"""Reports about checkpoints: time, backend, size, and whether they are valid."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gankit._text import plain
from gankit._utils.storage import bytes_below, read_plain
from gankit.errors import CheckpointError
from gankit.launch.messages import warn
from gankit.launch.resume.find_checkpoint import best as best_of
from gankit.launch.resume.find_checkpoint import passed_over
from gankit.runs import CheckpointStore, RunFolder, manifest, read_checkpoint
from gankit.runs.evaluation_log import Row


@dataclass(frozen=True)
class CheckpointReport:
    """A report about a checkpoint.

    Attributes
    ----------
    path
        Its folder.
    step
        Steps done.
    created, backend
        Time in UTC and backend, from the manifest; empty if it cannot be read.
    bytes
        Size of all its files.
    valid
        Whether its contents are valid; None if they were not verified.
    reason
        The damage; empty if it is valid.
    best
        The metrics of the best checkpoint; empty for others.
    """

    path: str
    step: int
    created: str
    backend: str
    bytes: int
    valid: bool | None
    reason: str
    best: str = ""


def reports(run: Path, *, verify: bool = True) -> list[CheckpointReport]:
    """Return a run's checkpoints, oldest first; raise CheckpointError if `run` is not a run."""
    folder = opened(run)
    best = _best(folder)
    return [
        dataclasses.replace(one, best=_measured(best)) if best and one.step == best["step"] else one
        for one in _reports(folder, verify=verify)
    ]


def verified(paths: Iterable[Path]) -> list[CheckpointReport]:
    """Verify the given checkpoints, and all checkpoints of the given runs.

    Raises
    ------
    CheckpointError
        A path is neither a run nor a checkpoint, or a run has no checkpoint.
    """
    found: dict[str, CheckpointReport] = {}
    for path in paths:
        with _reading(path):
            reports = _reports_at(path)
        found |= {one.path: one for one in reports if one.path not in found}
    return list(found.values())


def _reports(folder: RunFolder, *, verify: bool) -> list[CheckpointReport]:
    """Return a report about each checkpoint of a run.

    A checkpoint that another process removes meanwhile is skipped, not reported as damaged. If none
    remain, the checkpoints are listed again.
    """
    store = folder.checkpoints
    steps = store.steps(passed_over)
    while steps:
        found = [report(store.path(step), verify=verify) for step in steps]
        steps = store.steps()
        if remaining := [one for one in found if one.step in steps]:
            return remaining
    return []


def _best(folder: RunFolder) -> Row | None:
    """Return the best checkpoint's evaluation; None, with a warning, if the file is damaged."""
    try:
        return best_of(folder)
    except CheckpointError as error:
        warn(f"the best checkpoint is unknown: {error}")
        return None


def _measured(row: Row) -> str:
    return plain(f"Fréchet distance {row['frechet']:.4g}, {row['features']}")


def opened(run: Path) -> RunFolder:
    """Return a run's folder; raise CheckpointError if it is not a run."""
    with _reading(run):
        return RunFolder.open(run)


def report(path: Path, *, verify: bool = True) -> CheckpointReport:
    """Return a report about the checkpoint in a folder; damage is reported, not raised."""
    reason = _damage(path) if verify else ""
    found = None
    with suppress(CheckpointError):
        found = manifest.parse(read_plain(path / manifest.NAME, manifest.MOST_BYTES))
    named = int(path.name) if path.name.isdecimal() else 0
    return CheckpointReport(
        path=str(path),
        step=found.step if found and not named else named,
        created=plain(found.created, 40) if found else "",
        backend=plain(found.info.get("backend", ""), 40) if found else "",
        bytes=bytes_below(path),
        valid=not reason if verify else None,
        reason=reason,
    )


def _reports_at(path: Path) -> list[CheckpointReport]:
    """Return the reports about a checkpoint, or about all checkpoints of a run."""
    folder = RunFolder(path)
    if not folder.exists():
        return [report(_checkpoint(path))]
    found = _reports(folder, verify=True)
    if not found:
        raise CheckpointError(f"{path} has no checkpoint")
    return found


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Raise CheckpointError for an OSError, such as missing permissions."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CheckpointError(f"cannot read {path}: {reason}") from error


def _checkpoint(path: Path) -> Path:
    """Return the path of a checkpoint; raise CheckpointError if it is something else."""
    name = path.absolute().name
    steps = CheckpointStore(path.absolute().parent).steps()
    if (path / manifest.NAME).is_file() or (name.isdecimal() and int(name) in steps):
        return path
    reason = "it has neither config.toml nor manifest.json" if path.exists() else "no such folder"
    raise CheckpointError(f"{path} is neither a run nor a checkpoint: {reason}")


def _damage(path: Path) -> str:
    """Return the damage of a checkpoint, without its path, or an empty string."""
    try:
        read_checkpoint(path)
    except CheckpointError as error:
        return plain(str(error).replace(f"{path}{os.sep}", "").removeprefix(f"{path}: "))
    return ""
