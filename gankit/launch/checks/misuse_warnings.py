"""Warn of likely mistakes in data and networks before the first step."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TypeAlias

from gankit._utils import stack_level
from gankit.callbacks.training_failures import HealthWarning
from gankit.launch.checks.image_warnings import (
    classes_without_images,
    constant_images,
    dark_levels,
    few_images,
    unit_range,
)
from gankit.launch.checks.network_warnings import (
    batch_norm_of_one,
    bounded_logits,
    images_above_zero,
    unused_labels,
)
from gankit.launch.checks.run_start import Start

Check: TypeAlias = Callable[[Start], str | None]
"""Returns a warning, or None."""

CHECKS: tuple[Check, ...] = (
    few_images, constant_images, unit_range, dark_levels, classes_without_images, batch_norm_of_one,
    bounded_logits, images_above_zero, unused_labels,
)  # fmt: skip


def warn_of_misuse(
    start: Start, record: Callable[[int, str], None] = lambda _step, _text: None
) -> None:
    """Warn of each likely mistake by a HealthWarning; `record` saves it, with step 0."""
    for check in CHECKS:
        if text := check(start):
            record(0, text)
            warnings.warn(text, HealthWarning, stacklevel=stack_level.of_user())
