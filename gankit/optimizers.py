"""Optimizers as hyperparameters and formulas; each backend implements them.

With g the gradient of a weight w, after t updates (t starts at 1), all state starting at zero:

SGD      w <- w - lr * g

RMSprop  v <- decay * v + (1 - decay) * g * g
         w <- w - lr * g / (sqrt(v) + epsilon)

Adam     m <- beta1 * m + (1 - beta1) * g
         v <- beta2 * v + (1 - beta2) * g * g
         w <- w - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)

Adam is Kingma & Ba 2015, Algorithm 1: epsilon is added after the bias correction. Keras adds it
before: at epsilon = 1e-3, after 20 updates, the weights differ by half of their total change.
RMSprop, too, adds epsilon to the root, as PyTorch does; Keras adds it to v, under the root.

Each optimizer may end with a clip, w <- min(max(w, -clip), clip), for every weight (Arjovsky et
al. 2017). Learning rates and beta2 may be schedules; the corrections use the update's beta2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from gankit._utils.field_types import check_fields
from gankit._utils.known_arguments import known_arguments
from gankit._utils.plain_numbers import number, plain_numbers
from gankit._utils.state import State
from gankit.errors import ConfigError, shown
from gankit.schedules import Rate, check_rate, ends, value


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class SGD:
    """Plain stochastic gradient descent.

    Attributes
    ----------
    learning_rate
        Above 0, or a schedule, which may begin or end at 0; 0.01 by default.
    clip
        Each update clips the weights to [-clip, clip]; above 0. None, the default: no clipping.
    """

    learning_rate: Rate = 0.01
    clip: float | None = None
    optimizer: Literal["sgd"] = field(default="sgd", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class RMSprop:
    """Gradients divided by their root mean square; its state is `v` per weight.

    Attributes
    ----------
    learning_rate
        As in `SGD`; 5e-5 by default, as in WGAN (Arjovsky et al. 2017).
    decay
        Share of the old `v`, in [0, 1); 0.9 by default.
    epsilon
        Added to the root, above 0; 1e-7 by default.
    clip
        As in `SGD`.
    """

    learning_rate: Rate = 5e-5
    decay: float = 0.9
    epsilon: float = 1e-7
    clip: float | None = None
    optimizer: Literal["rmsprop"] = field(default="rmsprop", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Adam:
    """Adaptive moments; its state is `m` and `v` per weight, and one `t`.

    Attributes
    ----------
    learning_rate
        As in `SGD`; 2e-4 by default, as in DCGAN (Radford et al. 2016).
    beta1
        Share of the old `m`, in [0, 1); 0.5 by default, as in DCGAN.
    beta2
        Share of the old `v`, in [0, 1), or a schedule; 0.999 by default.
    epsilon
        Added to the root after the bias correction, above 0; 1e-7 by default, as in Keras.
    clip
        As in `SGD`.
    """

    learning_rate: Rate = 2e-4
    beta1: float = 0.5
    beta2: Rate = 0.999
    epsilon: float = 1e-7
    clip: float | None = None
    optimizer: Literal["adam"] = field(default="adam", repr=False)


Optimizer: TypeAlias = SGD | RMSprop | Adam
OPTIMIZERS: tuple[type[Optimizer], ...] = get_args(Optimizer)
RUNNING_MEANS: dict[type[Optimizer], str] = {SGD: "", RMSprop: "v", Adam: "mv"}
"""The running means per weight of each optimizer."""


def initial_state(optimizer: Optimizer, weights: Mapping[str, NDArray[Any]]) -> State:
    """Return the state of `optimizer` for `weights` before any update.

    Its names have the form "m/0.kernel", "v/0.kernel" and "t".
    """
    means = RUNNING_MEANS[type(optimizer)]
    state: State = {f"{m}/{name}": np.zeros_like(w) for m in means for name, w in weights.items()}
    return state | {"t": np.zeros((), np.int64)} if isinstance(optimizer, Adam) else state


def check(optimizer: Optimizer) -> None:
    """Raise ConfigError for hyperparameters out of range."""
    if not isinstance(optimizer, OPTIMIZERS):
        raise ConfigError(
            f"optimizer: got {shown(optimizer)}; expected one of gankit.optimizers, such as "
            "Adam(learning_rate=2e-4)"
        )
    check_fields(optimizer, optimizer.optimizer)
    check_rate("learning_rate", optimizer.learning_rate, zero=False)
    if optimizer.clip is not None and not optimizer.clip > 0:
        raise ConfigError(f"clip: got {optimizer.clip}; expected above 0")
    if isinstance(optimizer, Adam):
        _check_share("beta1", optimizer.beta1)
        for beta2 in ends(optimizer.beta2):
            _check_share("beta2", beta2)
    if isinstance(optimizer, RMSprop):
        _check_share("decay", optimizer.decay)
    if not isinstance(optimizer, SGD) and not 0 < optimizer.epsilon < math.inf:
        raise ConfigError(f"epsilon: got {optimizer.epsilon}; expected a finite number above 0")


def _check_share(name: str, share: float) -> None:
    if not 0 <= share < 1:
        raise ConfigError(f"{name}: got {share}; expected a number in [0, 1)")


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Average:
    """An exponential moving average of the generator's weights, used for sampling.

    After each step, average <- beta * average + (1 - beta) * weights, with
    beta = 0.5^(batch / half_life). While `ramp * images seen` is below `half_life`, it replaces
    `half_life`, so that the weight of the initial random weights falls fast. This follows the code
    of Karras et al. 2020b (ADA), except in the first update.

    Attributes
    ----------
    half_life
        In images: after this many, a step's weight in the average has halved. 10,000 by default;
        or a schedule, which may start at 0, as in Huang et al. 2024.
    ramp
        Upper bound of the half-life, as a share of the images seen; 0.05 by default. 0 turns the
        ramp off.
    """

    half_life: Rate = 10_000.0
    ramp: float = 0.05

    def __post_init__(self) -> None:
        """Raise ConfigError for values of the wrong type or out of range."""
        check_fields(self, "average")
        first, last = ends(self.half_life)
        if not (first >= 0 and last > 0 and max(first, last) < math.inf):
            raise ConfigError(f"average.half_life: got {self.half_life}; expected above 0")
        if not self.ramp >= 0:
            raise ConfigError(f"average.ramp: got {self.ramp}; expected at least 0")

    def beta(self, batch: int, images_seen: int) -> float:
        """Return the share of the old average in the new one, after `images_seen` images.

        `batch` is the number of images per step.

        >>> Average(half_life=10_000).beta(batch=100, images_seen=1_000_000)
        0.9930924954370359
        """
        batch, images_seen = number(batch), number(images_seen)
        half_life = value(self.half_life, images_seen - batch)
        if self.ramp:
            half_life = min(half_life, self.ramp * images_seen)
        return float(0.5 ** (batch / half_life)) if half_life else 0.0
