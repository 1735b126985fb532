"""Compare runs of one configuration on several backends, from the files in their folders."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._text import counted
from gankit._utils.state import State
from gankit._utils.storage import read_plain
from gankit.errors import CheckpointError
from gankit.launch.resume.recorded_config import recorded
from gankit.report import Section
from gankit.runs import RunFolder, loss_log
from gankit.runs.loss_history import LossHistory

DIFFERENT_LOSS = 1e-3
"""Losses that differ by more count as different."""
IMAGES = 64
"""Images of the same noise that are compared."""
TIMING, MADE = "timing.json", "compared.npy"
NETWORKS = ("generator", "discriminator", "average")
"""The networks of every run, in its state; a run may have more."""
MOST_FILE_BYTES = 2**28
"""The most bytes of a file of images that is read."""
NONE = "–"


@dataclass(frozen=True)
class Compared:
    """One run, compared with the first.

    Attributes
    ----------
    name, folder
        Its name and its folder.
    steps
        Number of steps.
    discriminator, generator
        The losses of the last step.
    milliseconds
        Time per step: the median over blocks of steps, without the first; None with one block.
    losses
        The largest difference of a loss from the first run's in the same step. This and the
        attributes below are None for the first run.
    first_difference
        The first step in which a loss differs by more than 0.001, or None.
    weights, where
        The largest difference of a weight, and its name.
    images
        The largest difference of a pixel in images of the same noise, in [-1, 1].
    """

    name: str
    folder: str
    steps: int
    discriminator: float
    generator: float
    milliseconds: float | None
    losses: float | None = None
    first_difference: int | None = None
    weights: float | None = None
    where: str | None = None
    images: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class RunOutputs:
    """A run's losses with their terms, weights by name, and images of fixed noise."""

    losses: LossHistory
    weights: State
    images: NDArray[Any]


def compare(folders: Sequence[Path], names: Sequence[str]) -> list[Compared]:
    """Compare finished runs of one configuration with the first of them.

    Raises
    ------
    CheckpointError
        A run has no valid checkpoint, or another number of steps.
    """
    found = [read_outputs(folder) for folder in folders]
    return [
        _compared(folder, name, one, found[0] if place else None)
        for place, (folder, name, one) in enumerate(zip(folders, names, found, strict=True))
    ]


def read_outputs(folder: Path) -> RunOutputs:
    """Read a run's losses, weights and images."""
    run = RunFolder.open(folder)
    checkpoint = run.checkpoints.newest_valid()
    if checkpoint is None:
        raise CheckpointError(f"{folder} has no valid checkpoint; train it again")
    networks = {*NETWORKS, *recorded(folder).networks}
    weights = {k: w for k, w in checkpoint.state.items() if k.partition("/")[0] in networks}
    return RunOutputs(loss_log.read(run.losses), weights, _images(folder / MADE))


def timing(folder: Path) -> float | None:
    """Return the milliseconds of a step, or None if they were not measured."""
    try:
        milliseconds = json.loads(read_plain(folder / TIMING, 2**16))["milliseconds"]
    except (CheckpointError, ValueError, KeyError, TypeError):
        return None
    return milliseconds if isinstance(milliseconds, float) else None


def largest(one: State, other: State) -> tuple[float, str]:
    """Return the largest difference between two states, and the name of the array."""
    if one.keys() != other.keys():
        raise CheckpointError("the names of the runs' weights differ; compare runs of one recipe")
    differences = {
        name: _difference(one[name], other[name]) for name in sorted(one) if one[name].size
    }
    where = max(differences, key=lambda name: differences[name])
    return differences[where], where


def table(rows: Sequence[Compared]) -> list[tuple[str, ...]]:
    """Return a row for each quantity: its name, and a text for each run."""
    return [
        ("steps", *(f"{row.steps:,}" for row in rows)),
        ("ms a step", *(_shown(row.milliseconds, ".1f") for row in rows)),
        ("discriminator's last loss", *(f"{row.discriminator:.6f}" for row in rows)),
        ("generator's last loss", *(f"{row.generator:.6f}" for row in rows)),
        ("losses differ by", *(_shown(row.losses, ".2g") for row in rows)),
        ("differ by 0.001 at step", *(_first_difference(row) for row in rows)),
        ("weights differ by", *(_shown(row.weights, ".2g") for row in rows)),
        ("pixels differ by", *(_shown(row.images, ".2g") for row in rows)),
    ]


def section(rows: Sequence[Compared]) -> Section:
    """Return the table as a section of the page."""
    first = rows[0].name
    return Section(
        "Side by side",
        ("", *(row.name for row in rows)),
        table(rows),
        f"Differences are the largest from {first}: of a loss or a term in any step, of a weight "
        f"after the last, and of a pixel in {IMAGES} images of the same noise, in [-1, 1]. Times "
        "are medians over blocks of steps, without the first.",
    )


def _compared(folder: Path, name: str, one: RunOutputs, first: RunOutputs | None) -> Compared:
    last = one.losses[-1]
    row = Compared(
        name, str(folder), len(one.losses), float(last[0]), float(last[1]), timing(folder)
    )
    if first is None:
        return row
    if one.losses.shape != first.losses.shape:
        raise CheckpointError(
            f"{folder} has {counted(len(one.losses), 'step')}, the first run {len(first.losses):,}"
        )
    columns, others = one.losses.columns(), first.losses.columns()
    if columns.keys() != others.keys():
        raise CheckpointError("the terms of the runs differ; compare runs of one recipe")
    differences = np.max([np.abs(columns[name] - others[name]) for name in columns], axis=0)
    different = np.flatnonzero(differences > DIFFERENT_LOSS)
    weights, where = largest(one.weights, first.weights)
    return replace(
        row,
        losses=float(differences.max()),
        first_difference=int(different[0]) + 1 if len(different) else None,
        weights=weights,
        where=where,
        images=_difference(one.images, first.images),
    )


def _difference(one: NDArray[Any], other: NDArray[Any]) -> float:
    if one.shape != other.shape:
        raise CheckpointError("the shapes of the runs' arrays differ; compare runs of one recipe")
    return float(np.abs(np.asarray(one, np.float64) - np.asarray(other, np.float64)).max())


def _images(path: Path) -> NDArray[Any]:
    try:
        made = np.load(io.BytesIO(read_plain(path, MOST_FILE_BYTES)), allow_pickle=False)
    except (ValueError, EOFError):
        raise CheckpointError(
            f"{path} is not an array of images; delete it and compare again"
        ) from None
    found: NDArray[Any] = made
    return found


def _first_difference(row: Compared) -> str:
    if row.losses is None:
        return NONE
    return "never" if row.first_difference is None else f"{row.first_difference:,}"


def _shown(value: float | None, form: str) -> str:
    return NONE if value is None else f"{value:{form}}"
