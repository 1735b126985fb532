"""Runs of one configuration on several backends, held against each other by what they left."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._utils.state import State
from gankit._utils.storage import read_plain
from gankit.contract import Array
from gankit.errors import CheckpointError
from gankit.report import Section
from gankit.runs import RunFolder
from gankit.runs import loss_log as metrics_log

PARTED = 1e-3
"""Two losses that differ by more have parted."""
IMAGES = 64
"""Images of the same noise that are held against each other."""
TIMING, MADE = "timing.json", "compared.npy"
NETWORKS = ("generator", "discriminator", "average")
LARGEST = 2**28
"""The most bytes of images that are read."""
NONE = "–"


@dataclass(frozen=True)
class Compared:
    """One run, beside the first.

    Attributes
    ----------
    name, folder
        What it is called, and where it lies.
    steps
        Steps done.
    discriminator, generator
        The losses of the last step.
    milliseconds
        Of a step, the median over blocks of steps but the first; None where there was but one.
    losses
        The largest difference of a loss from the first run's in the same step; None of the first
        run itself, as all below.
    parted
        The first step in which a loss differs by more than 0.001; None where none does.
    weights, where
        The largest difference of a weight, and its name.
    images
        The largest difference of a pixel of the same noise, of images in [-1, 1].
    """

    name: str
    folder: str
    steps: int
    discriminator: float
    generator: float
    milliseconds: float | None
    losses: float | None = None
    parted: int | None = None
    weights: float | None = None
    where: str | None = None
    images: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return everything by name."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Left:
    """What a run left: `(steps, 2)` losses, weights by name, images of the same noise."""

    losses: Array
    weights: State
    images: NDArray[Any]


def compare(folders: Sequence[Path], names: Sequence[str]) -> list[Compared]:
    """Hold finished runs of one configuration against the first of them.

    Raises
    ------
    CheckpointError
        One has not left what there is to compare, or has gone for another number of steps.
    """
    found = [left(folder) for folder in folders]
    return [
        _compared(folder, name, one, found[0] if place else None)
        for place, (folder, name, one) in enumerate(zip(folders, names, found, strict=True))
    ]


def left(folder: Path) -> Left:
    """Read what a run left."""
    run = RunFolder.open(folder)
    checkpoint = run.checkpoints.newest_valid()
    if checkpoint is None:
        raise CheckpointError(f"{folder} has no valid checkpoint; train it again")
    weights = {k: w for k, w in checkpoint.state.items() if k.partition("/")[0] in NETWORKS}
    return Left(metrics_log.read(run.metrics), weights, _images(folder / MADE))


def timing(folder: Path) -> float | None:
    """Return the milliseconds of a step, where they were measured."""
    try:
        said = json.loads(read_plain(folder / TIMING, 2**16))["milliseconds"]
    except (CheckpointError, ValueError, KeyError, TypeError):
        return None
    return said if isinstance(said, float) else None


def largest(one: State, other: State) -> tuple[float, str]:
    """Return the largest difference of two numbers of the same name and place, and the name."""
    if one.keys() != other.keys():
        raise CheckpointError("the runs have weights of other names; compare runs of one recipe")
    apart = {name: _apart(one[name], other[name]) for name in sorted(one) if one[name].size}
    where = max(apart, key=lambda name: apart[name])
    return apart[where], where


def table(rows: Sequence[Compared]) -> list[tuple[str, ...]]:
    """Return a line for each figure: its name, and a text for each run."""
    return [
        ("steps", *(f"{row.steps:,}" for row in rows)),
        ("ms a step", *(_shown(row.milliseconds, ".1f") for row in rows)),
        ("discriminator's last loss", *(f"{row.discriminator:.6f}" for row in rows)),
        ("generator's last loss", *(f"{row.generator:.6f}" for row in rows)),
        ("losses differ by", *(_shown(row.losses, ".2g") for row in rows)),
        ("parted by 0.001 in step", *(_parted(row) for row in rows)),
        ("weights differ by", *(_shown(row.weights, ".2g") for row in rows)),
        ("pixels differ by", *(_shown(row.images, ".2g") for row in rows)),
    ]


def section(rows: Sequence[Compared]) -> Section:
    """Return the table as a page has it."""
    first = rows[0].name
    return Section(
        "Side by side",
        ("", *(row.name for row in rows)),
        table(rows),
        f"Differences are the largest ones from {first}: of a loss in any step, of a weight after "
        f"the last, and of a pixel of {IMAGES} images of the same noise, from -1 to 1. Times are "
        "medians over blocks of steps but the first.",
    )


def _compared(folder: Path, name: str, one: Left, first: Left | None) -> Compared:
    last = one.losses[-1]
    row = Compared(
        name, str(folder), len(one.losses), float(last[0]), float(last[1]), timing(folder)
    )
    if first is None:
        return row
    if one.losses.shape != first.losses.shape:
        raise CheckpointError(
            f"{folder} has {len(one.losses)} steps, and the first run {len(first.losses)}"
        )
    apart = np.abs(one.losses - first.losses).max(axis=1)
    parted = np.flatnonzero(apart > PARTED)
    weights, where = largest(one.weights, first.weights)
    return Compared(
        row.name, row.folder, row.steps, row.discriminator, row.generator, row.milliseconds,
        losses=float(apart.max()), parted=int(parted[0]) + 1 if len(parted) else None,
        weights=weights, where=where, images=_apart(one.images, first.images),
    )  # fmt: skip


def _apart(one: NDArray[Any], other: NDArray[Any]) -> float:
    if one.shape != other.shape:
        raise CheckpointError("the runs have arrays of other shapes; compare runs of one recipe")
    return float(np.abs(np.asarray(one, np.float64) - np.asarray(other, np.float64)).max())


def _images(path: Path) -> NDArray[Any]:
    try:
        made = np.load(io.BytesIO(read_plain(path, LARGEST)), allow_pickle=False)
    except (ValueError, EOFError):
        raise CheckpointError(
            f"{path} is no array of images; remove it, and compare anew"
        ) from None
    found: NDArray[Any] = made
    return found


def _parted(row: Compared) -> str:
    if row.losses is None:
        return NONE
    return "never" if row.parted is None else f"{row.parted:,}"


def _shown(value: float | None, form: str) -> str:
    return NONE if value is None else f"{value:{form}}"
