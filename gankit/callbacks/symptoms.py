"""How a run can go wrong while every number stays finite: three symptoms, each with a remedy.

They need no classifier and no judgement of pictures: the losses, and how far the images of one
batch lie apart.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.contract import Array
from gankit.losses import ArrayOps, Loss

WINDOW = 200
"""Steps that the losses are averaged over."""
SAME = 0.03
"""The spread, as a share of the data's, below which a batch counts as one image.

Measured on MNIST: 0.13 and more in every recipe after step 200, 0.000 in runs that collapsed.
"""
WON = 0.02
"""The discriminator's loss, as a share of that of one that knows nothing.

Measured as means of 200 steps: 0.07 and more in every recipe.
"""
HUGE = 1000.0
"""A loss that has exploded; Wasserstein losses of healthy runs stay below 60."""


class HealthWarning(UserWarning):
    """A run that is likely to come to nothing, why, and what to do."""


def spread(images: NDArray[Any]) -> float:
    """Return how far the images of a batch lie apart.

    It is the median, over the batch, of the distance from an image to the nearest other one. The
    variance would not see a generator that makes one image for each class, or a few by turns.

    Parameters
    ----------
    images
        `(n, height, width, channels)` in [-1, 1].

    Returns
    -------
    float
        Root of the mean squared difference of pixels, 0 to 2; 0 for fewer than two images.
    """
    if len(images) < 2:
        return 0.0
    flat = images.reshape(len(images), -1).astype(np.float64)
    norms = np.square(flat).sum(axis=1)
    squares = norms[:, None] + norms - 2 * flat @ flat.T
    np.fill_diagonal(squares, np.inf)
    return math.sqrt(max(0.0, float(np.median(squares.min(axis=1)))) / flat.shape[1])


def ignorance(loss: Loss) -> float:
    """Return the loss of a discriminator that tells nothing apart: every logit is 0.

    >>> from gankit.losses import NONSATURATING
    >>> round(ignorance(NONSATURATING), 3)
    1.386
    """
    zeros = np.zeros(1)
    return float(loss.discriminator(ArrayOps(), zeros, zeros))


def collapse(share: float) -> str | None:
    """Say that the generator has collapsed, where `share`, its spread over the data's, says so."""
    if not share < SAME:
        return None
    return (
        "the generator makes nearly the same image of any noise (a batch spreads "
        f"{share:.1%} as far as the data does); lower its learning rate, normalise its layers, or "
        "give the discriminator a penalty, as dragan and wgan-gp do"
    )


def defeat(losses: Array, loss: Loss) -> str | None:
    """Say that the discriminator has won, where the last `(K, 2)` losses say so.

    A Wasserstein critic is meant to win, and knows no bound: then there is nothing to say.
    """
    seen, nothing = losses[-WINDOW:, 0].mean(), ignorance(loss)
    if len(losses) < WINDOW or nothing <= 0 or not seen < WON * nothing:
        return None
    return (
        f"the discriminator has won: its loss was {seen:.2g} over the last {WINDOW} steps, "
        f"{nothing:.3g} being that of one that knows nothing; lower its learning rate, or hold it "
        "back with dropout, label_smoothing, instance_noise or augment"
    )


def explosion(losses: Array) -> str | None:
    """Say that losses have exploded, where the last `(K, 2)` say so."""
    seen = np.abs(losses[-WINDOW:]).mean(axis=0)
    if len(losses) < WINDOW or not seen.max() > HUGE:
        return None
    who = ("discriminator", "generator")[int(seen.argmax())]
    return (
        f"losses explode: the {who}'s was {seen.max():.2g} over the last {WINDOW} steps; lower "
        "both learning rates, or bound the discriminator with a penalty, clip or spectral"
    )
