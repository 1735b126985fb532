"""What a run's folder says of the run, for a list of runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from gankit._utils.paths import given, is_folder, no_folder
from gankit._utils.storage import bytes_below
from gankit.config.train_config import TrainConfig
from gankit.errors import CheckpointError
from gankit.launch.resume.recorded_config import recorded
from gankit.runs import RunFolder, evaluation_log, lock, loss_log, warning_log

State = Literal["training", "finished", "stopped", "diverged", "damaged"]
DEEPEST = 4
"""The most folders between a folder and the runs that are found in it."""


@dataclass(frozen=True)
class RunSummary:
    """A run in a list of runs.

    Attributes
    ----------
    name
        Its folder, relative to the folder that was searched; "." for that folder itself.
    path
        Its folder.
    state
        "training" if a process of this machine writes to it; "finished" if all its steps are done;
        "diverged" if it ended with a number that is not finite; "damaged" if its configuration
        cannot be read; else "stopped".
    step
        Steps of its log of losses.
    steps
        Steps of the whole run; None if they are not recorded.
    recipe, dataset, backend
        Names; empty if the run is damaged.
    frechet
        The Fréchet distance of the last evaluation by gankit's own features; None without one.
    features
        The features of that evaluation; empty without one. Distances of other features cannot be
        compared.
    bytes
        The size of all its files.
    changed
        When it last wrote a loss, or was created.
    reason
        Why a callback stopped it, why it diverged, or what is damaged; empty else.
    """

    name: str
    path: Path
    state: State
    step: int
    steps: int | None
    recipe: str
    dataset: str
    backend: str
    frechet: float | None
    features: str
    bytes: int
    changed: datetime
    reason: str


def run_summaries(folder: str | os.PathLike[str]) -> list[RunSummary]:
    """Return the runs in a folder and its subfolders, by name; a damaged run is among them.

    A run to which links lead too is listed once, by its own folder if that is in `folder`.

    Raises
    ------
    CheckpointError
        There is no such folder.
    """
    root = given(folder, "a folder of runs")
    if not is_folder(root):
        raise CheckpointError(f"{root}: {no_folder(root)}; give a folder that contains runs")
    found = _runs(root, DEEPEST, set())
    runs = [run_summary(path, str(path.relative_to(root))) for path in found]
    return sorted(runs, key=lambda run: run.name)


def run_summary(path: Path, name: str) -> RunSummary:
    """Return what the folder of a run says of it, and `name`."""
    folder, config, reason = RunFolder(path), None, ""
    try:
        config = recorded(path)
    except CheckpointError as error:
        reason = str(error)
    done, last = _steps_done(folder), _last_evaluation(folder)
    images = folder.facts().get("images")
    steps = config.steps if config else None
    if config and steps is None and isinstance(images, int):
        steps = config.total_steps(images)
    state: State = "stopped"
    warned = warning_log.read_valid(folder.warnings)
    if config is None:
        state = "damaged"
    elif lock.is_held(path):
        state = "training"
    elif warned and warned[-1].text.startswith(warning_log.DIVERGED):
        state, reason = "diverged", warned[-1].text.removeprefix(warning_log.DIVERGED)
    elif steps is not None and done >= steps:
        state = "finished"
    else:
        reason = warning_log.stopped(folder.warnings, done)
    return RunSummary(
        name, path, state, done, steps, *_names(config),
        frechet=last.get("frechet"),
        features=last.get("features", ""),
        bytes=bytes_below(path),
        changed=_changed(folder),
        reason=reason,
    )  # fmt: skip


def _names(config: TrainConfig | None) -> tuple[str, str, str]:
    """Return the names of recipe, data set and backend."""
    return (config.recipe, config.dataset, config.backend) if config else ("", "", "")


def _runs(folder: Path, deep: int, seen: set[str]) -> Iterator[Path]:
    """Yield the folders of runs in a folder, but none twice; a run's subfolders are not searched.

    `seen` has the real paths of the folders that were searched.
    """
    real = os.path.realpath(folder)
    if real in seen:
        return
    seen.add(real)
    if RunFolder(folder).exists():
        yield folder
        return
    subfolders: list[tuple[bool, str]] = []  # Links come last.
    with suppress(OSError), os.scandir(folder) as entries:
        inner = [entry for entry in entries if not entry.name.startswith(".")]
        subfolders = sorted((e.is_symlink(), e.name) for e in inner if e.is_dir())
    for _, name in subfolders if deep else ():
        yield from _runs(folder / name, deep - 1, seen)


def _steps_done(folder: RunFolder) -> int:
    try:
        return loss_log.count(folder.losses)
    except CheckpointError:
        return 0


def _last_evaluation(folder: RunFolder) -> evaluation_log.Row:
    """Return the last evaluation by gankit's own features: the list is sorted by one figure."""
    with suppress(CheckpointError):
        if rows := evaluation_log.own(evaluation_log.read(folder.evaluations)):
            return rows[-1]
    return {}


def _changed(folder: RunFolder) -> datetime:
    """Return when the log of losses was written, or else the configuration."""
    for path in (folder.losses, folder.config):
        with suppress(OSError):
            return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return datetime.now(UTC)
