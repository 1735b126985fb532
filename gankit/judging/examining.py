"""A run, examined: what it makes, and what is found of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gankit import images
from gankit.errors import ConfigError, DataError
from gankit.judging.standards import (
    FEWEST,
    SAMPLES,
    TRAINING,
    Standard,
    Watch,
    standard,
    unwatched,
)
from gankit.metrics import Evaluation
from gankit.metrics.pixels import Levels
from gankit.runs import evaluations
from gankit.training import check_count
from gankit.training_data import Tell, warn

if TYPE_CHECKING:
    from gankit.run import Run

GENERATING = "generating images"
PICTURE = "nearest training images"
PAUSE = 10.0
"""Seconds between two lines."""


def generated(run: Run, count: int = SAMPLES, seed: int = 0, watch: Watch = unwatched) -> Levels:
    """Return `(count, H, W, C)` uint8 images of a run, those of `Run.sample`; memory stays flat."""
    check_samples(count)
    done, parts = 0, []
    watch(GENERATING, 0.0)
    for chunk in run.chunks(count, seed):
        parts.append(images.to_uint8(chunk))
        done += len(chunk)
        watch(GENERATING, done / count)
    return np.concatenate(parts)


def check_samples(count: int) -> None:
    """Raise ConfigError unless so many images can be judged."""
    check_count("the number of images", count)
    if count < FEWEST:
        raise ConfigError(f"{count} images are too few to judge; ask for at least {FEWEST}")


def examined(
    standard: Standard,
    run: Run,
    count: int = SAMPLES,
    seed: int = evaluations.SEED,
    before: Sequence[evaluations.Row] = (),
    *,
    floor: bool = True,
    watch: Watch = unwatched,
) -> tuple[dict[str, Any], images.Pixels]:
    """Return what is found of a run, as the log of evaluations has it, and `Standard.nearest`.

    Parameters
    ----------
    count, seed
        Which images of the run, as in `Run.sample`.
    before
        Earlier evaluations; a floor that is among them is not measured again.
    floor
        Whether to measure it at all; where its images cannot be had, that is a warning.
    watch
        Is told how far all this is.
    """
    made = generated(run, count, seed, watch)
    watch(PICTURE, 0.0)
    picture = standard.nearest(made)
    row = {"round": run.step, "seed": seed, **standard.figures(made, watch).as_json()}
    if floor and evaluations.floor_for(before, row) is None:
        try:
            row["floor"] = standard.floor(count, watch)
        except DataError as error:
            warn(f"without the figures of real images: {error}")
    return row, picture


def slowly(tell: Tell, clock: Callable[[], float] = time.monotonic) -> Watch:
    """Return what tells of a classifier's training in a line now and then."""
    began, spoke = clock(), -PAUSE

    def watch(stage: str, part: float) -> None:
        nonlocal spoke
        now = clock()
        if stage == TRAINING and part and now - spoke >= PAUSE:
            spoke, left = now, (now - began) / part * (1 - part)
            tell(f"{TRAINING} to judge by, once for this data set: {left:.0f} seconds left")

    return watch


def evaluation(
    run: Run, count: int = SAMPLES, seed: int = evaluations.SEED, data_dir: Path | None = None
) -> Evaluation:
    """Return the figures of a run on named data; nothing is written.

    Raises
    ------
    ConfigError
        The run is one of `gankit.fit`, which has forgotten its images.
    """
    if run.config is None:
        raise ConfigError(
            "this run does not know its data set; use gankit.metrics.evaluate(run.sample(...), ...)"
        )
    made = generated(run, count, seed)
    return standard(run.config, data_dir).figures(made)
