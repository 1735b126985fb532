"""How many images of a run are evaluated."""

from __future__ import annotations

from gankit._utils.counts import check_count
from gankit.errors import ConfigError
from gankit.evaluation.metrics.precision_recall import NEIGHBOURS

SAMPLES = 10_000
"""Default number of images to generate, equal to the reference's."""
FEWEST = NEIGHBOURS + 1
"""Images that can be evaluated, at least."""


def check_samples(count: int) -> None:
    """Raise ConfigError unless `count` images can be evaluated."""
    check_count("images", count)
    if count < FEWEST:
        raise ConfigError(f"images: got {count}; expected more than {FEWEST - 1}")
