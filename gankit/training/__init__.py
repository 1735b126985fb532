"""The training algorithm: plan the steps, alternate the updates, run the training loop."""

from gankit.training.alternate import alternate
from gankit.training.fit import BLOCK_BYTES, fit
from gankit.training.plan import StepShape, plan
from gankit.training.progress import (
    Callback,
    Callbacks,
    FinishingCallback,
    Progress,
    StopRequest,
    as_callbacks,
)

__all__ = [
    "BLOCK_BYTES",
    "Callback",
    "Callbacks",
    "FinishingCallback",
    "Progress",
    "StepShape",
    "StopRequest",
    "alternate",
    "as_callbacks",
    "fit",
    "plan",
]
