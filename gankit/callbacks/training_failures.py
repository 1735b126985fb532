"""Detect mode collapse, a discriminator that has won, and exploding losses.

The checks use the losses and the distances between the images of a batch. They need no classifier.
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
COLLAPSED_SPREAD = 0.03
"""Below this spread, relative to that of the data, a batch counts as one image.

Measured on MNIST: 0.13 and more in every recipe after step 200, 0.000 in collapsed runs.
"""
WON_LOSS_SHARE = 0.02
"""The discriminator has won below this loss, relative to the loss of logits that are all 0.

Means over 200 steps were 0.07 and more in every recipe.
"""
EXPLODED_LOSS = 1000.0
"""Losses above this value have exploded; Wasserstein losses of good runs stay below 60."""


class HealthWarning(UserWarning):
    """A warning that a run is likely to fail, with the reason and a remedy."""


def image_spread(images: NDArray[Any]) -> float:
    """Return the median distance from an image of a batch to its nearest neighbour in the batch.

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


def loss_of_zero_logits(loss: Loss) -> float:
    """Return the loss of a discriminator whose logits are all 0.

    >>> from gankit.losses import NONSATURATING
    >>> round(loss_of_zero_logits(NONSATURATING), 3)
    1.386
    """
    zeros = np.zeros(1)
    return float(loss.given().discriminator(NumpyLossOps(), zeros, zeros))


def mode_collapse(share: float) -> str | None:
    """Return a message if the spread of a batch shows mode collapse, else None.

    Parameters
    ----------
    share
        The spread of generated images divided by that of real images.
    """
    if not share < COLLAPSED_SPREAD:
        return None
    return (
        "the generator makes nearly the same image for any noise: its images differ by "
        f"{share:.1%} of what real images differ by; lower its learning rate, normalise its "
        "layers, or give the discriminator a penalty, as in the recipes dragan and wgan-gp"
    )


def discriminator_won(losses: Array, loss: Loss) -> str | None:
    """Return a message if the last `(K, 2)` losses show that the discriminator has won, else None.

    A Wasserstein critic always separates real from fake, and its loss has no lower bound, so the
    result is None for it.
    """
    mean, reference = losses[-WINDOW:, 0].mean(), loss_of_zero_logits(loss)
    if len(losses) < WINDOW or reference <= 0 or not mean < WON_LOSS_SHARE * reference:
        return None
    return (
        f"the discriminator has won: its mean loss was {mean:.2g} over the last {WINDOW} steps, "
        f"compared with {reference:.3g} for logits of 0; lower its learning rate, or weaken it "
        "with dropout, label_smoothing, instance_noise or augment"
    )


def exploding_losses(losses: Array) -> str | None:
    """Return a message if the last `(K, 2)` losses have exploded, else None."""
    means = np.abs(losses[-WINDOW:]).mean(axis=0)
    if len(losses) < WINDOW or not means.max() > EXPLODED_LOSS:
        return None
    network = ("discriminator", "generator")[int(means.argmax())]
    return (
        f"the loss of the {network} explodes: its mean was {means.max():.2g} over the last "
        f"{WINDOW} steps; lower both learning rates, or bound the discriminator with a penalty, "
        "clip or spectral"
    )
