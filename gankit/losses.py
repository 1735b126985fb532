"""Adversarial losses, each written once for every backend.

A loss is a function of logits `(n,)`, high for real: `real` = D(real images), `fake` = D(G(noise)).
It is written with `+ - *` and the three operations of `LossOps`, so a backend that can
differentiate those can train with any loss, also with a user's own:

>>> shifted = Loss(
...     "shifted",
...     discriminator=lambda ops, real, fake: ops.mean(ops.relu(2 - real) + ops.relu(2 + fake)),
...     generator=lambda ops, real, fake: -ops.mean(fake),
... )
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit._text import plain
from gankit._utils.field_types import check_fields, fits
from gankit._utils.plain_numbers import number
from gankit._utils.state import State
from gankit.errors import ConfigError, GankitError, described, place_of, shown
from gankit.followers import Follower, as_floats

PICKLERS = {"cloudpickle", "dill"}
"""Packages that pickle lambdas."""


class Tensor(Protocol):
    """An array of the backend: `(n,)` logits, or a scalar computed from them."""

    def __add__(self, other: Tensor | float, /) -> Tensor:
        """Return the sum."""
        ...

    def __radd__(self, other: float, /) -> Tensor:
        """Return the sum."""
        ...

    def __sub__(self, other: Tensor | float, /) -> Tensor:
        """Return the difference."""
        ...

    def __rsub__(self, other: float, /) -> Tensor:
        """Return the difference."""
        ...

    def __mul__(self, other: Tensor | float, /) -> Tensor:
        """Return the product."""
        ...

    def __rmul__(self, other: float, /) -> Tensor:
        """Return the product."""
        ...

    def __neg__(self) -> Tensor:
        """Return the negative."""
        ...


class LossOps(Protocol):
    """The three operations that a backend passes to a loss; `+ - *` are the tensors' own."""

    def softplus(self, logits: Tensor, /) -> Tensor:
        """Return log(1 + exp(x)) of each of `logits`, exact at both ends: logaddexp(x, 0)."""
        ...

    def relu(self, logits: Tensor, /) -> Tensor:
        """Return max(x, 0) of each of `logits`."""
        ...

    def mean(self, logits: Tensor, /) -> Tensor:
        """Return the mean of `logits` over the batch, a scalar."""
        ...


Logits: TypeAlias = NDArray[np.floating[Any]]


class NumpyLossOps:
    """The three operations on NumPy arrays, to evaluate a loss; they have no gradients."""

    mean = staticmethod(np.mean)

    @staticmethod
    def relu(logits: Logits) -> Logits:
        """Return max(x, 0) of each of `logits`."""
        made: Logits = np.maximum(logits, 0)
        return made

    @staticmethod
    def softplus(logits: Logits) -> Logits:
        """Return log(1 + exp(x)) of each of `logits`."""
        made: Logits = np.logaddexp(logits, 0)
        return made


class NumpyFollowerOps(NumpyLossOps):
    """The operations of a follower on NumPy arrays (`gankit.followers.FollowerOps`)."""

    total = staticmethod(np.sum)

    @staticmethod
    def below(numbers: Logits, threshold: float) -> Logits:
        """Return 1 for each of `numbers` below `threshold`, else 0."""
        made: Logits = np.where(np.less(numbers, threshold), 1.0, 0.0)
        return made


Formula: TypeAlias = Callable[..., Any]
"""A function of `LossOps` and two `Tensor`s that returns a scalar `Tensor`; a backend calls it with
its own operations and tensors. With a follower it takes its scalars too."""
FormulaOfFakes: TypeAlias = Callable[..., Any]
"""A function of `LossOps` and one `Tensor` that returns a scalar `Tensor`."""

PARAMETERS = {
    "discriminator": ("ops", "real", "fake"),
    "generator": ("ops", "real", "fake"),
    "of_fakes": ("ops", "fake"),
}
"""The parameters of each function of a loss."""

REASON_CHARACTERS = 120
"""The most characters of a function's error in a message."""


@dataclass(frozen=True)
class _NamedFormula:
    """A formula of a loss, whose errors name the loss.

    Attributes
    ----------
    loss
        The loss's name.
    role
        One of `PARAMETERS`.
    function
        The user's function.
    more
        Names of further parameters.
    """

    loss: str
    role: str
    function: Callable[..., Any]
    more: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise ConfigError unless the function takes the parameters of its role."""
        try:
            signature = inspect.signature(self.function)
        except (TypeError, ValueError):  # Functions written in C may have no signature.
            return
        expected = PARAMETERS[self.role] + self.more
        try:
            signature.bind(*expected)
        except TypeError:
            found = ", ".join(signature.parameters)
            raise ConfigError(
                f"{self}: got a function of ({found}); expected ({', '.join(expected)})"
            ) from None

    def __str__(self) -> str:
        """Return the name in messages."""
        return f"{self.role} of loss {self.loss!r}"

    def __call__(self, *tensors: Any) -> Any:  # noqa: ANN401 - any backend's tensors.
        """Return the loss.

        Raises
        ------
        ConfigError
            The function fails, or does not return a scalar.
        """
        try:
            made = self.function(*tensors)
        except (GankitError, MemoryError):
            raise
        except Exception as error:
            place = place_of(error, error.__traceback__ and error.__traceback__.tb_next)
            remedy = "use only + - * and ops.softplus, ops.relu and ops.mean"
            if tensors[1] is None and "None" in str(error):
                remedy = "it uses real: give paired=True"
            reason = plain(described(error), REASON_CHARACTERS)
            raise ConfigError(f"{self} failed: {reason}{place}; {remedy}") from error
        if type(made) in (bool, int, float, str, type(None)):
            raise ConfigError(
                f"{self}: got the result {shown(made)}; expected a scalar computed from logits"
            )
        if shape := tuple(getattr(made, "shape", ())):
            raise ConfigError(
                f"{self}: got a result of shape {shape}; expected a scalar; use ops.mean"
            )
        return made


@dataclass(frozen=True)
class Loss:
    """An adversarial loss: what each network minimises.

    A loss made of functions at the top of a module can be pickled; a loss made of lambdas cannot.

    Attributes
    ----------
    name
        Its name in messages and in the run's configuration.
    discriminator, generator
        `(ops, real, fake) -> scalar`, written with `+ - *` and the operations of `LossOps`. `real`
        and `fake` are the `(n,)` logits of real and generated images.
    paired
        Whether the generator's formula uses `real`. If False, a backend may skip the
        discriminator's pass over real images in the generator's update, and passes None.
    of_fakes
        `(ops, fake) -> scalar`, the part of the discriminator's formula that depends only on
        fakes; None if the formula is not such a sum. Label smoothing needs it.
    follower
        Scalars that follow the logits (`gankit.followers.Follower`), or None. With a follower each
        formula takes one more parameter, `scalars`: its scalars by name, in the logits' precision.

    Raises
    ------
    ConfigError
        A value is of the wrong type, or a function takes other parameters.
    """

    name: str
    discriminator: Formula
    generator: Formula
    paired: bool = False
    of_fakes: FormulaOfFakes | None = None
    follower: Follower | None = None

    if TYPE_CHECKING:  # A formula takes three or four arguments; the attributes do not say which.

        def __init__(
            self,
            name: str,
            discriminator: Callable[[Any, Any, Any], Any] | Callable[[Any, Any, Any, Any], Any],
            generator: Callable[[Any, Any, Any], Any] | Callable[[Any, Any, Any, Any], Any],
            paired: bool = False,
            of_fakes: Callable[[Any, Any], Any] | Callable[[Any, Any, Any], Any] | None = None,
            follower: Follower | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        """Check the values, and name the loss in the errors of its functions."""
        check_fields(self, "loss")
        more = ("scalars",) if self.follower else ()
        for role in PARAMETERS:
            if (function := getattr(self, role)) is not None:
                formula = _NamedFormula(self.name, role, _bare(function), more)
                object.__setattr__(self, role, formula)

    def given(self, scalars: Mapping[str, Any] | None = None) -> Loss:
        """Return the loss with its follower's scalars, whose formulas take the logits alone.

        It is the loss itself if it has no follower.

        Parameters
        ----------
        scalars
            The follower's scalars in the logits' precision; by default those of the start.
        """
        if self.follower is None:
            return self
        if scalars is None:
            scalars = as_floats(self.follower.initial_scalars())
        return replace(
            self,
            discriminator=_Given(self.discriminator, scalars),
            generator=_Given(self.generator, scalars),
            of_fakes=self.of_fakes and _Given(self.of_fakes, scalars),
            follower=None,
        )

    def __copy__(self) -> Loss:
        """Return the loss itself: it is immutable, and a copy must not depend on pickling."""
        return self

    def __deepcopy__(self, memo: object) -> Loss:
        """Return the loss itself."""
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Return the state to pickle; TypeError for a formula that pickle cannot store."""
        for role in () if _pickles_lambdas() else ("discriminator", "generator", "of_fakes"):
            formula = _bare(getattr(self, role))
            if not _importable(formula):
                raise TypeError(
                    f"loss {self.name!r} cannot be pickled: its {role} is {shown(formula)}; "
                    "define it at the top of a module, or pass the run's folder and gankit.load "
                    "it there"
                )
        return dict(vars(self))


def check_paired(loss: Loss) -> None:
    """Raise ConfigError if the generator's formula of an unpaired loss uses `real`.

    A formula that cannot be computed on NumPy arrays is not checked.
    """
    loss = loss.given()
    if not loss.paired and _fails(loss, None) and not _fails(loss, np.zeros(2)):
        raise ConfigError(
            f"paired of loss {loss.name!r}: got False, but its generator uses real; expected True"
        )


def _fails(loss: Loss, real: NDArray[np.float64] | None) -> bool:
    """Return whether the generator's formula fails on NumPy arrays with these logits."""
    try:
        loss.generator(NumpyLossOps(), real, np.zeros(2))
    except ConfigError:
        return True
    return False


def _bare(formula: Callable[..., Any]) -> Callable[..., Any]:
    """Return the user's function of a formula."""
    return formula.function if isinstance(formula, _NamedFormula) else formula


def _pickles_lambdas() -> bool:
    """Return whether the running pickler supports lambdas, as cloudpickle's does."""
    frame: FrameType | None = sys._getframe(1)
    while frame:
        if PICKLERS & set(frame.f_globals.get("__name__", "").split(".")):
            return True
        frame = frame.f_back
    return False


def _importable(formula: object) -> bool:
    """Return whether a function can be imported by its module and name, as pickle needs."""
    name = getattr(formula, "__qualname__", None)
    if name is None:  # An object is pickled by its class and state.
        return True
    found: object = sys.modules.get(getattr(formula, "__module__", ""))
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is formula


def _cross_entropy(ops: LossOps, real: Tensor, fake: Tensor) -> Tensor:
    """Return the cross-entropy with labels 1 (real) and 0 (fake): E sp(-real) + E sp(fake)."""
    return ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(fake))


def _cross_entropy_of_fakes(ops: LossOps, fake: Tensor) -> Tensor:
    return ops.mean(ops.softplus(fake))


def _nonsaturating(ops: LossOps, _real: Tensor, fake: Tensor) -> Tensor:
    return ops.mean(ops.softplus(-fake))


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


@dataclass(frozen=True)
class _Given:
    """A formula of `Loss.given`."""

    formula: Callable[..., Any]
    scalars: Mapping[str, Any]

    def __call__(self, *tensors: Any) -> Any:  # noqa: ANN401 - any backend's tensors.
        """Return the formula's loss."""
        return self.formula(*tensors, self.scalars)


@dataclass(frozen=True)
class _Smoothed:
    """The discriminator's formula of `smoothed`."""

    formula: Formula
    of_fakes: FormulaOfFakes
    share: float

    def __call__(self, ops: LossOps, real: Tensor, fake: Tensor, *scalars: object) -> Tensor:
        """Return the smoothed loss."""
        plain: Tensor = self.formula(ops, real, fake, *scalars)
        swapped: Tensor = self.of_fakes(ops, real, *scalars) + self.of_fakes(ops, fake, *scalars)
        return (1 - self.share) * plain + self.share * swapped


@dataclass(frozen=True)
class _Absent:
    """A formula of a loss made by `absent`, and its follower."""

    name: str
    scalars: State

    def initial_scalars(self) -> State:
        """Return the scalars of the run."""
        return self.scalars

    def follow(self, *_tensors: object) -> Mapping[str, Any]:
        """Raise ConfigError."""
        moved: Mapping[str, Any] = self()
        return moved

    def __call__(self, *_tensors: object) -> Any:  # noqa: ANN401 - it returns nothing.
        """Raise ConfigError."""
        raise ConfigError(
            f"loss {self.name!r} is not registered; to train on, give the Loss again: "
            "gankit.train(out=..., resume=True, loss=...)"
        )


def absent(name: str, scalars: State) -> Loss:
    """Return a placeholder for an unregistered loss: the run can sample, but not train.

    Parameters
    ----------
    name
        Its name.
    scalars
        The run's scalars of its follower; empty if it has none.
    """
    formula = _Absent(name, scalars)
    return Loss(name, formula, formula, follower=formula if scalars else None)


def smoothed(loss: Loss, share: float) -> Loss:
    """Return `loss` with one-sided label smoothing (Salimans et al. 2016, section 3.4).

    Real images count as fakes with weight `share`: instead of R(real) + F(fake), the discriminator
    minimises (1 - share) * R(real) + share * F(real) + F(fake). For cross-entropy this is the
    target 1 - share. For least squares it is the same target plus a constant, 1/2 share
    (1 - share): the gradients are equal, and the reported loss is larger by it.

    Raises
    ------
    ConfigError
        The share is outside [0, 1), or the loss is not a sum of a real and a fake part.
    """
    share = number(share)
    if not fits(share, float) or not 0 <= share < 1:
        raise ConfigError(f"label_smoothing: got {shown(share)}; expected a number in [0, 1)")
    if share == 0:
        return loss
    of_fakes = loss.of_fakes
    if of_fakes is None:
        raise ConfigError(
            f"label_smoothing: got {shown(share)} with loss {loss.name!r}; expected a loss with a "
            "separate term for fakes"
        )

    return replace(loss, discriminator=_Smoothed(loss.discriminator, of_fakes, share))


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

BUILTIN = (
    NONSATURATING,
    MINIMAX,
    LEAST_SQUARES,
    HINGE,
    WASSERSTEIN,
    RELATIVISTIC,
    RELATIVISTIC_AVERAGE,
)
