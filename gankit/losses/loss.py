"""An adversarial loss: two formulas of the discriminator's logits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit._utils.field_types import check_fields
from gankit.errors import ConfigError, shown
from gankit.followers import Follower, as_floats
from gankit.losses.named_follower import NamedFollower, bare_follower
from gankit.losses.named_formula import PARAMETERS, NamedFormula, bare
from gankit.losses.operations import NumpyLossOps
from gankit.losses.pickling import importable, pickles_lambdas

Formula: TypeAlias = Callable[..., Any]
"""A function of `LossOps` and two `Tensor`s that returns a scalar `Tensor`; a backend calls it with
its own operations and tensors. With a follower it takes its scalars too."""
FormulaOfFakes: TypeAlias = Callable[..., Any]
"""A function of `LossOps` and one `Tensor` that returns a scalar `Tensor`."""


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
    options
        A function that returns this loss with other numbers: its parameters are the `loss_options`
        of a run. None for a loss without any.

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
    options: Callable[..., Loss] | None = None

    if TYPE_CHECKING:  # A formula takes three or four arguments; the attributes do not say which.

        def __init__(
            self,
            name: str,
            discriminator: Callable[[Any, Any, Any], Any] | Callable[[Any, Any, Any, Any], Any],
            generator: Callable[[Any, Any, Any], Any] | Callable[[Any, Any, Any, Any], Any],
            paired: bool = False,
            of_fakes: Callable[[Any, Any], Any] | Callable[[Any, Any, Any], Any] | None = None,
            follower: Follower | None = None,
            options: Callable[..., Loss] | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        """Check the values, and name the loss in the errors of its functions and its follower."""
        check_fields(self, "loss")
        more = ("scalars",) if self.follower else ()
        for role in PARAMETERS:
            if (function := getattr(self, role)) is not None:
                formula = NamedFormula(self.name, role, bare(function), more)
                object.__setattr__(self, role, formula)
        if self.follower is not None:
            follower = NamedFollower(self.name, bare_follower(self.follower))
            object.__setattr__(self, "follower", follower)

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
        for role in () if pickles_lambdas() else ("discriminator", "generator", "of_fakes"):
            formula = bare(getattr(self, role))
            if not importable(formula):
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


@dataclass(frozen=True)
class _Given:
    """A formula of `Loss.given`."""

    formula: Callable[..., Any]
    scalars: Mapping[str, Any]

    def __call__(self, *tensors: Any) -> Any:  # noqa: ANN401 - any backend's tensors.
        """Return the formula's loss."""
        return self.formula(*tensors, self.scalars)
