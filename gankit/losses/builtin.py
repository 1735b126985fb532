"""The built-in losses."""

from __future__ import annotations

from gankit.losses.energy import BEGAN, EBGAN
from gankit.losses.loss import Loss
from gankit.losses.operations import LossOps, Tensor


def _cross_entropy(ops: LossOps, real: Tensor, fake: Tensor) -> Tensor:
    """Return the cross-entropy with labels 1 (real) and 0 (fake): E sp(-real) + E sp(fake)."""
    return ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(fake))


def _cross_entropy_of_fakes(ops: LossOps, fake: Tensor) -> Tensor:
    return ops.mean(ops.softplus(fake))


def _nonsaturating(ops: LossOps, _real: Tensor, fake: Tensor) -> Tensor:
    return ops.mean(ops.softplus(-fake))


def _boundary_seeking(ops: LossOps, _real: Tensor, fake: Tensor) -> Tensor:
    """Return 1/2 E (log D - log(1 - D))^2: it is 0 on the decision boundary."""
    return 0.5 * ops.mean(fake * fake)


def _softmax(ops: LossOps, real: Tensor, fake: Tensor) -> Tensor:
    """Return the cross-entropy of a softmax over the batch with all mass on real images."""
    return _log_partition(ops, real, fake) - ops.mean(real)


def _softmax_of_all(ops: LossOps, real: Tensor, fake: Tensor) -> Tensor:
    """Return the same, with equal mass on real and generated images."""
    return _log_partition(ops, real, fake) - 0.5 * (ops.mean(real) + ops.mean(fake))


def _log_partition(ops: LossOps, real: Tensor, fake: Tensor) -> Tensor:
    """Return log(sum exp(real) + sum exp(fake))."""
    reals, fakes = ops.logsumexp(real), ops.logsumexp(fake)
    return fakes + ops.softplus(reals - fakes)


def _minimax(ops: LossOps, _real: Tensor, fake: Tensor) -> Tensor:
    return -ops.mean(ops.softplus(fake))


def _squares(ops: LossOps, real: Tensor, fake: Tensor) -> Tensor:
    return 0.5 * ops.mean((real - 1) * (real - 1)) + 0.5 * ops.mean(fake * fake)


def _squares_of_fakes(ops: LossOps, fake: Tensor) -> Tensor:
    return 0.5 * ops.mean(fake * fake)


def _squares_from_real(ops: LossOps, _real: Tensor, fake: Tensor) -> Tensor:
    return 0.5 * ops.mean((fake - 1) * (fake - 1))


def _hinge(ops: LossOps, real: Tensor, fake: Tensor) -> Tensor:
    return ops.mean(ops.relu(1 - real)) + ops.mean(ops.relu(1 + fake))


def _hinge_of_fakes(ops: LossOps, fake: Tensor) -> Tensor:
    return ops.mean(ops.relu(1 + fake))


def _difference(ops: LossOps, real: Tensor, fake: Tensor) -> Tensor:
    return ops.mean(fake) - ops.mean(real)


def _mean_of_fakes(ops: LossOps, fake: Tensor) -> Tensor:
    return ops.mean(fake)


def _negative_mean_of_fakes(ops: LossOps, _real: Tensor, fake: Tensor) -> Tensor:
    return -ops.mean(fake)


def _relativistic(ops: LossOps, real: Tensor, fake: Tensor) -> Tensor:
    return ops.mean(ops.softplus(fake - real))


def _relativistic_swapped(ops: LossOps, real: Tensor, fake: Tensor) -> Tensor:
    return _relativistic(ops, fake, real)


def _relativistic_average(ops: LossOps, real: Tensor, fake: Tensor) -> Tensor:
    above = ops.softplus(ops.mean(fake) - real)
    below = ops.softplus(fake - ops.mean(real))
    return ops.mean(above) + ops.mean(below)


def _relativistic_average_swapped(ops: LossOps, real: Tensor, fake: Tensor) -> Tensor:
    return _relativistic_average(ops, fake, real)


NONSATURATING = Loss(  # Goodfellow et al. 2014, section 3.
    "nonsaturating", _cross_entropy, _nonsaturating, of_fakes=_cross_entropy_of_fakes
)
MINIMAX = Loss(  # Goodfellow et al. 2014, equation 1.
    "minimax", _cross_entropy, _minimax, of_fakes=_cross_entropy_of_fakes
)
LEAST_SQUARES = Loss(  # Mao et al. 2017, with targets 1 (real) and 0 (fake).
    "least-squares", _squares, _squares_from_real, of_fakes=_squares_of_fakes
)
HINGE = Loss(  # Lim & Ye 2017; Miyato et al. 2018.
    "hinge", _hinge, _negative_mean_of_fakes, of_fakes=_hinge_of_fakes
)
WASSERSTEIN = Loss(  # Arjovsky et al. 2017; the critic needs a penalty or weight clipping.
    "wasserstein", _difference, _negative_mean_of_fakes, of_fakes=_mean_of_fakes
)
RELATIVISTIC = Loss(  # Jolicoeur-Martineau 2018, paired; R3GAN 2024.
    "relativistic", _relativistic, _relativistic_swapped, paired=True
)
RELATIVISTIC_AVERAGE = Loss(  # Jolicoeur-Martineau 2018.
    "relativistic-average", _relativistic_average, _relativistic_average_swapped, paired=True
)
SOFTMAX = Loss(  # Lin 2017, "Softmax GAN", with the energy -D and both batches of one size.
    "softmax", _softmax, _softmax_of_all, paired=True
)
KL = Loss(  # Sønderby et al. 2017, "Amortised MAP inference for image super-resolution", section 3.
    "kl", _cross_entropy, _negative_mean_of_fakes, of_fakes=_cross_entropy_of_fakes
)
BGAN = Loss(  # Hjelm et al. 2018, "Boundary-seeking GANs", for continuous data.
    "bgan", _cross_entropy, _boundary_seeking, of_fakes=_cross_entropy_of_fakes
)

BUILTIN = (
    NONSATURATING,
    MINIMAX,
    LEAST_SQUARES,
    HINGE,
    WASSERSTEIN,
    RELATIVISTIC,
    RELATIVISTIC_AVERAGE,
    SOFTMAX,
    KL,
    BGAN,
    EBGAN,
    BEGAN,
)
