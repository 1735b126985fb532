"""Problems with every capability that a backend claims."""

from __future__ import annotations

from typing import Any

from gankit.augment import Augment
from gankit.codes import Code
from gankit.contract import Backend, Problem
from gankit.layers import (
    AveragePool,
    BatchNorm,
    Concat,
    Conv,
    ConvTranspose,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    InstanceNorm,
    Layer,
    LayerNorm,
    LeakyReLU,
    Projection,
    ReLU,
    Reshape,
    Residual,
    Spec,
    Tanh,
    Upsample,
    capabilities,
)
from gankit.losses import HINGE, RELATIVISTIC, Loss, smoothed
from gankit.optimizers import Adam, Optimizer, RMSprop
from gankit.penalties import Penalty
from gankit.schedules import Schedule
from gankit.terms import Side, Term
from gankit.testing.following_loss import FOLLOWING
from gankit.testing.network_pairs import TO_IMAGE
from gankit.testing.problems import ADAM, AVERAGE
from gankit.testing.rgb import CLASSES, rgb_problem

SMOOTHED = smoothed(HINGE, 0.1)
FAMILIES = ("classifier", "projection")
SCHEDULE_END = 96
"""Images until the end of a schedule: six steps."""


def with_all_features(backend: Backend, family: str) -> Problem:
    """Return the problem of a family of `FAMILIES`, with every capability that `backend` claims."""
    claimed = backend.capabilities
    classifier = family == "classifier"
    classes = bool(claimed & {"labels", "class-logits"})
    return rgb_problem(
        backend,
        generator_layers(backend, classifier=classifier),
        discriminator_layers(backend, classifier=classifier),
        loss=SMOOTHED if classifier else relativistic(backend),
        classes=CLASSES if classes else 0,
        auxiliary=0.5 if classifier and "class-logits" in claimed else 0.0,
        average=AVERAGE if "average" in claimed else None,
        fresh_noise=classifier,
        generator_optimizer=adam(backend),
        discriminator_optimizer=adam(backend) if classifier else rmsprop(backend),
        **heads_of(backend, classifier=classifier),
        **penalties_of(backend, classifier=classifier),
        **augmentation_of(backend, adaptive=classifier),
    )


def relativistic(backend: Backend) -> Loss:
    """Return a relativistic loss, with a follower if that is claimed."""
    return FOLLOWING if "followers" in backend.capabilities else RELATIVISTIC


def generator_layers(backend: Backend, *, classifier: bool) -> Spec:
    """Return the generator, with upsampling in a residual block or a transposed convolution."""
    first = claimed_layers(backend, Embedding(3), Dense(24, bias=False), BatchNorm(0.9, 1e-3))
    if "conv" not in backend.capabilities:
        return (*first, LeakyReLU(0.2), Dropout(0.2), *TO_IMAGE)
    larger = (Upsample(2), Conv(4, kernel=3, padding=1, bias=False), BatchNorm(0.8, 1e-4), ReLU())
    skip = claimed_layers(backend, Concat("@0"))
    shortcut = (Upsample(2), Conv(8 if skip else 4, kernel=1))
    block = Residual((*larger, Dropout(0.2), *skip), shortcut)
    plain = ConvTranspose(4, kernel=2, stride=2)
    middle = claimed_layers(backend, block) if classifier else ()
    spectral = "spectral" in backend.capabilities
    last = ConvTranspose(3, kernel=4, stride=2, padding=1, spectral=spectral)
    norm = claimed_layers(backend, InstanceNorm(1e-3))
    return (*first, LeakyReLU(0.2), Reshape((3, 2, 4)), *norm, *(middle or (plain,)), last, Tanh())


def discriminator_layers(backend: Backend, *, classifier: bool) -> Spec:
    """Return the discriminator, with an auxiliary classifier or a projection of classes."""
    spectral = "spectral" in backend.capabilities
    body: tuple[Layer, ...] = (Flatten(), Dense(24, spectral=spectral))
    if "conv" in backend.capabilities:
        grouped = Conv(6, kernel=3, padding=1, groups=2, bias=False)
        norm = BatchNorm(0.9, 1e-3) if classifier else LayerNorm(1e-3)
        block = Residual((grouped, norm, Dropout(0.2), LeakyReLU(0.2)))
        first = Conv(6, kernel=4, stride=2, padding=1, spectral=spectral)
        body = (first, *claimed_layers(backend, block), AveragePool(2), Flatten())
    last: Layer = Dense(1, spectral=spectral)
    if classifier:
        classes = CLASSES if "class-logits" in backend.capabilities else 0
        heads = sum(heads_of(backend, classifier=True).get("heads", {}).values())
        last = Dense(1 + classes + heads, spectral=spectral)
    elif not classifier and "labels" in backend.capabilities:
        last = Projection(spectral=spectral)
    return (*body, Tanh(), Dropout(0.3), last)


def claimed_layers(backend: Backend, *layers: Layer) -> Spec:
    """Return the layers whose capabilities `backend` claims."""
    return tuple(layer for layer in layers if capabilities((layer,)) <= backend.capabilities)


def adam(backend: Backend) -> Optimizer:
    """Return an Adam whose learning rate and, if claimed, beta2 have schedules."""
    rate = Schedule("cosine", start=2e-3, end=5e-4, images=SCHEDULE_END)
    moving = "beta2-schedule" in backend.capabilities
    beta2 = Schedule("linear", start=0.9, end=0.99, images=SCHEDULE_END) if moving else 0.99
    return Adam(rate, beta1=0.5, beta2=beta2, epsilon=1e-7)


def rmsprop(backend: Backend) -> Optimizer:
    """Return a clipped RMSprop, or an Adam if that is not claimed."""
    if not backend.capabilities >= {"rmsprop", "clip"}:
        return ADAM
    return RMSprop(1e-3, decay=0.99, epsilon=1e-6, clip=0.5)


def heads_of(backend: Backend, *, classifier: bool) -> dict[str, Any]:
    """Return codes, with heads and terms, feature matching and information, if claimed."""
    if not classifier or "heads" not in backend.capabilities:
        return {}
    both: tuple[Side, ...] = ("generator", "discriminator")
    matching = Term("feature-matching", "fake/logit@1", "real/logit@1", weight=0.2)
    information = Term("mutual-information", "real/kind", weight=0.2)
    return {
        "codes": (Code("kind", "categorical", 3), Code("slant", "uniform", 2)),
        "heads": {"kind": 3, "slant": 2},
        "terms": (
            Term("cross-entropy", "fake/kind", "code/kind", both, 0.3),
            Term("l2", "fake/slant", "code/slant", both, 0.1),
            *((matching,) if "features" in backend.capabilities else ()),
            *((information,) if "augment" in backend.capabilities else ()),
        ),
    }


def penalties_of(backend: Backend, *, classifier: bool) -> dict[str, Any]:
    """Return two penalties, one of them lazy, if claimed."""
    if "input-gradients" not in backend.capabilities:
        return {}
    falling = Schedule("cosine", start=1.0, end=0.1, images=SCHEDULE_END)
    lazy = Penalty("real" if classifier else "fake", target=0, weight=falling, every=3)
    where: Any = "between" if classifier else "around"
    return {"penalties": (lazy, Penalty(where, target=1, weight=0.5, epsilon=1e-4))}


def augmentation_of(backend: Backend, *, adaptive: bool) -> dict[str, Any]:
    """Return an augmentation, instance noise and flips, if claimed."""
    if "augment" not in backend.capabilities:
        return {}
    adaptive = adaptive and "adaptive" in backend.capabilities
    # With this target p rises if the discriminator is right about more than half of the images.
    augment = Augment(adaptive=adaptive, target=0.0, images=256, every=2)
    noise = Schedule("linear", start=0.2, end=0.0, images=SCHEDULE_END)
    return {"augment": augment, "instance_noise": noise, "flip": True}
