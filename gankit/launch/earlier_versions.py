"""Runs of earlier versions, which took numbers that this one refuses: what opens them all the same.

Images do not depend on such numbers. A dropout rate counts in training alone, and an epsilon that
the precision cannot hold was next to 0 where it was added.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from gankit.config import TrainConfig
from gankit.layers import DROPOUT_LEVELS, Dropout


def openable(config: TrainConfig) -> TrainConfig:
    """Return a configuration whose dropout rates and epsilons are taken, the nearest that are.

    It is the same object if there is nothing to change.
    """
    near: TrainConfig = _near(config, float(np.finfo(config.precision).smallest_normal))
    return near


def _near(part: Any, smallest: float) -> Any:  # noqa: ANN401 - any part of a configuration.
    """Return a part with the nearest numbers; the same object if none changes."""
    if isinstance(part, tuple):
        parts = tuple(_near(one, smallest) for one in part)
        same = all(new is old for new, old in zip(parts, part, strict=True))
        return part if same else parts
    if not dataclasses.is_dataclass(part):
        return part
    held = {field.name: getattr(part, field.name) for field in dataclasses.fields(part)}
    near = {name: _near(value, smallest) for name, value in held.items()}
    changed = {name: value for name, value in near.items() if value is not held[name]}
    if (
        isinstance(part, Dropout)
        and part.rate
        and round(part.rate * DROPOUT_LEVELS) in (0, DROPOUT_LEVELS)
    ):
        changed["rate"] = (
            min(round(part.rate * DROPOUT_LEVELS), DROPOUT_LEVELS - 1) / DROPOUT_LEVELS
        )
    if 0 < held.get("epsilon", 0) < smallest:
        changed["epsilon"] = smallest
    return dataclasses.replace(part, **changed) if changed else part
