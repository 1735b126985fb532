"""Three symptoms of a failing run with finite losses, each with a remedy.

They need no classifier: only the losses, and the distances between the images of a batch.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.contract import Array
from gankit.losses import Loss, NumpyLossOps

WINDOW = 200
"""Number of steps over which losses are averaged."""
COLLAPSED_SHARE = 0.03
"""Below this spread, relative to the data's, a batch counts as one image.

Measured on MNIST: 0.13 and more in every recipe after step 200, 0.000 in collapsed runs.
"""
DEFEATED_SHARE = 0.02
"""The discriminator has won below this loss, relative to that of constant logits 0.

Measured as means of 200 steps: 0.07 and more in every recipe.
"""
EXPLODED_LOSS = 1000.0
"""Losses above have exploded; Wasserstein losses of healthy runs stay below 60."""


class HealthWarning(UserWarning):
    """A run that is likely to fail, with the reason and a remedy."""


def spread(images: NDArray[Any]) -> float:
    """Return the median distance of a batch's images to their nearest other image.

    The variance would not detect a generator that makes one image per class, or a few in turns.

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
    """Return the loss of a discriminator whose logits are all 0.

    >>> from gankit.losses import NONSATURATING
    >>> round(ignorance(NONSATURATING), 3)
    1.386
    """
    zeros = np.zeros(1)
    return float(loss.discriminator(NumpyLossOps(), zeros, zeros))


def collapse(share: float) -> str | None:
    """Return a message if `share`, the batch's spread over the data's, shows a mode collapse."""
    if not share < COLLAPSED_SHARE:
        return None
    return (
        "the generator makes nearly the same image of any noise (a batch spreads "
        f"{share:.1%} as far as the data does); lower its learning rate, normalise its layers, or "
        "give the discriminator a penalty, as dragan and wgan-gp do"
    )


def defeat(losses: Array, loss: Loss) -> str | None:
    """Return a message if the last `(K, 2)` losses show that the discriminator has won.

    A Wasserstein critic is meant to win and has no bound: never for it.
    """
    seen, nothing = losses[-WINDOW:, 0].mean(), ignorance(loss)
    if len(losses) < WINDOW or nothing <= 0 or not seen < DEFEATED_SHARE * nothing:
        return None
    return (
        f"the discriminator has won: its loss was {seen:.2g} over the last {WINDOW} steps, "
        f"compared with {nothing:.3g} for logits of 0; lower its learning rate, or weaken it with "
        "dropout, label_smoothing, instance_noise or augment"
    )


def explosion(losses: Array) -> str | None:
    """Return a message if the last `(K, 2)` losses have exploded."""
    seen = np.abs(losses[-WINDOW:]).mean(axis=0)
    if len(losses) < WINDOW or not seen.max() > EXPLODED_LOSS:
        return None
    who = ("discriminator", "generator")[int(seen.argmax())]
    return (
        f"losses explode: the {who}'s was {seen.max():.2g} over the last {WINDOW} steps; lower "
        "both learning rates, or bound the discriminator with a penalty, clip or spectral"
    )
