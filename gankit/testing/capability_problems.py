"""Problems that each need one capability that a plain problem does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gankit.augment import Augment
from gankit.codes import Code
from gankit.contract import Backend, Problem
from gankit.layers import Dense, Flatten, Reshape
from gankit.losses import NONSATURATING, swapped
from gankit.optimizers import SGD, Adam, RMSprop
from gankit.passes import FurtherNetwork
from gankit.penalties import Penalty
from gankit.schedules import Schedule
from gankit.terms import Term
from gankit.testing.following_loss import FOLLOWING
from gankit.testing.network_pairs import PAIRS, TO_IMAGE
from gankit.testing.rgb import CLASSES, conditions, rgb_problem

BETA2_SCHEDULE = Schedule("linear", start=0.9, end=0.99, images=100)
CHANGES: dict[str, dict[str, Any]] = {
    "augment": {"augment": Augment()},
    "adaptive": {"augment": Augment(adaptive=True)},
    "beta2-schedule": {"generator_optimizer": Adam(0.1, 0.5, BETA2_SCHEDULE, 1e-7)},
    "class-logits": {
        "discriminator": (Flatten(), Dense(1 + CLASSES)),
        "classes": CLASSES,
        "auxiliary": 1.0,
    },
    "clip": {"discriminator_optimizer": SGD(0.1, clip=0.1)},
    "features": {"terms": (Term("feature-matching", "fake/logit@0", "real/logit@0"),)},
    "followers": {"loss": FOLLOWING},
    "freeze": {
        "discriminator": (Flatten(), Dense(4), Dense(1)),
        "freeze": ("discriminator:1",),
    },
    "heads": {
        "discriminator": (Flatten(), Dense(4)),
        "codes": (Code("kind", "categorical", 3),),
        "heads": {"kind": 3},
        "terms": (Term("cross-entropy", "fake/kind", "code/kind"),),
    },
    "input-gradients": {"penalties": (Penalty("real", target=0, weight=1.0),)},
    "logit-maps": {"discriminator": (Flatten(), Dense(6), Reshape((3, 2, 1)))},
    "sources": {
        "generator": (Flatten(), *TO_IMAGE),
        "source": "paired",
        "source_shape": (2, 2, 1),
        "inputs": ("source",),
    },
    "label-vectors": {
        "discriminator": (Flatten(), Dense(3)),
        "conditions": conditions(2),
        "heads": {"angle": 2},
        "terms": (Term("l2", "real/angle", "label", ("discriminator",)),),
    },
    "networks": {
        "generator": TO_IMAGE,
        "discriminator": (Flatten(), Dense(1)),
        "loss": swapped(NONSATURATING),
        "networks": {"copier": FurtherNetwork("generator", (Flatten(), *TO_IMAGE))},
        "passes": {"copy": "copier(real)"},
        "sees": {"real": ("copy",), "fake": ("fake",)},
    },
    "rmsprop": {"generator_optimizer": RMSprop(0.1, decay=0.9, epsilon=1e-8)},
}
LAYERS = (
    "attention", "concat", "conv", "labels", "minibatch-std", "norm", "reconstruction", "residual",
    "spectral",
)  # fmt: skip
NEEDS = (*sorted(CHANGES), *LAYERS)
"""Every capability that `test_builds_what_it_claims` covers."""


def problem_requiring(backend: Backend, capability: str) -> Problem:
    """Return a problem that needs `capability`, in a precision that `backend` supports."""
    if capability in LAYERS:
        generator, discriminator = PAIRS[capability]
        return rgb_problem(backend, generator, discriminator, classes=CLASSES)
    plain = rgb_problem(backend, TO_IMAGE, (Flatten(), Dense(1)))
    return replace(plain, **CHANGES[capability])
