"""Adversarial losses, each written once for every backend.

A loss is a function of logits `(n,)`, high for real: `real` = D(real images), `fake` = D(G(noise)).
It is written with `+ - *` and the operations of `LossOps`, so a backend that can differentiate
those can train with any loss, also with a user's own:

>>> shifted = Loss(
...     "shifted",
...     discriminator=lambda ops, real, fake: ops.mean(ops.relu(2 - real) + ops.relu(2 + fake)),
...     generator=lambda ops, real, fake: -ops.mean(fake),
... )
"""

from gankit.losses.absent import absent
from gankit.losses.builtin import (
    BGAN,
    BUILTIN,
    HINGE,
    KL,
    LEAST_SQUARES,
    MINIMAX,
    NONSATURATING,
    RELATIVISTIC,
    RELATIVISTIC_AVERAGE,
    SOFTMAX,
    WASSERSTEIN,
)
from gankit.losses.energy import BEGAN, EBGAN, began, ebgan
from gankit.losses.label_smoothing import smoothed
from gankit.losses.lecam import lecam
from gankit.losses.loss import Formula, FormulaOfFakes, Loss, check_paired
from gankit.losses.loss_options import with_options
from gankit.losses.operations import (
    ALLOWED,
    LossOps,
    NumpyFollowerOps,
    NumpyLossOps,
    Tensor,
)
from gankit.losses.swapped_loss import swapped

__all__ = [
    "ALLOWED",
    "BEGAN",
    "BGAN",
    "BUILTIN",
    "EBGAN",
    "HINGE",
    "KL",
    "LEAST_SQUARES",
    "MINIMAX",
    "NONSATURATING",
    "RELATIVISTIC",
    "RELATIVISTIC_AVERAGE",
    "SOFTMAX",
    "WASSERSTEIN",
    "Formula",
    "FormulaOfFakes",
    "Loss",
    "LossOps",
    "NumpyFollowerOps",
    "NumpyLossOps",
    "Tensor",
    "absent",
    "began",
    "check_paired",
    "ebgan",
    "lecam",
    "smoothed",
    "swapped",
    "with_options",
]
