"""The algorithm: plan the steps, alternate the updates, run the training loop."""

from gankit.training.fit import (
    BLOCK_BYTES,
    MOST,
    Callback,
    Callbacks,
    Progress,
    StepShape,
    alternate,
    as_callbacks,
    check_count,
    fit,
    plan,
)

__all__ = [
    "BLOCK_BYTES",
    "MOST",
    "Callback",
    "Callbacks",
    "Progress",
    "StepShape",
    "alternate",
    "as_callbacks",
    "check_count",
    "fit",
    "plan",
]
