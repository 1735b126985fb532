"""What a page offers besides noise: the columns of labels that are vectors, and source images."""

from __future__ import annotations

import base64
import math
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.conditions import Condition
from gankit.contract import Problem
from gankit.launch.run import Run
from gankit.launch.run.translate_images import own_sources
from gankit.terms import GENERATOR

SLIDER_STEPS = 100
"""The most steps of a condition's slider, about."""
PICTURES = 12
"""Pictures that a page translates."""


def conditions(problem: Problem) -> list[dict[str, Any]]:
    """Return the columns of the generator's labels: their fields, and `slider` of a real one.

    A slider has `low` and `high`, its ends, `step` and `start`, all rounded to its step, so that
    numbers are short. The ends are those of the training images or just beyond. A column with one
    value has no slider.
    """
    if not problem.generator_labels.columns:
        return []
    return [asdict(each) | {"slider": _slider(each)} for each in problem.conditions]


def _slider(condition: Condition) -> dict[str, Any] | None:
    low, high = condition.low, condition.high
    if condition.binary or low == high:
        return None
    fine = (high - low) / SLIDER_STEPS
    unit = 10.0 ** math.floor(math.log10(fine))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= fine * 0.999)
    digits = max(0, -math.floor(math.log10(step * 1.001)))
    first, last = (math.floor(round(low / step, 6)), math.ceil(round(high / step, 6)))
    middle = round((low + high) / 2 / step)
    ends = {"low": first * step, "high": last * step, "step": step, "start": middle * step}
    return {name: round(number, digits) for name, number in ends.items()} | {"digits": digits}


def page_sources(run: Run, network: str = GENERATOR) -> NDArray[np.uint8]:
    """Return `(n, height, width, channels)` pictures: the first of `gankit translate RUN`."""
    return np.asarray(own_sources(run, network=network)[0].images[:PICTURES])


def source_images(run: Run, pictures: NDArray[np.uint8], network: str) -> dict[str, Any]:
    """Return what a network takes as JSON values: `shape`, `kind`, `pictures`, uint8 in base64.

    `kind` names the sources of the generator; it is empty for pictures like its images.
    """
    kind = run.config.source_images if run.config and network == GENERATOR else None
    return {
        "shape": list(pictures.shape[1:]),
        "kind": kind or "",
        "pictures": [_levels(picture) for picture in pictures],
    }


def _levels(picture: NDArray[np.uint8]) -> str:
    return base64.b64encode(np.ascontiguousarray(picture, np.uint8).tobytes()).decode("ascii")
