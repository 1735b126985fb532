"""The operations that losses and followers are written in, on tensors and on NumPy arrays."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray


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


OPERATIONS = ("exp", "log", "logsumexp", "softplus", "relu", "mean")
"""The names of the operations of `LossOps`."""
ALLOWED = f"+ - * and ops.{', ops.'.join(OPERATIONS[:-1])} and ops.{OPERATIONS[-1]}"
"""What a formula may use, for messages."""


class LossOps(Protocol):
    """The operations that a backend passes to a loss; `+ - *` are the tensors' own.

    Only `exp` and `log` have limits: exp overflows above 88 in float32 and 709 in float64, and log
    needs positive numbers.
    """

    def exp(self, logits: Tensor, /) -> Tensor:
        """Return e^x of each of `logits`, or of a scalar."""
        ...

    def log(self, logits: Tensor, /) -> Tensor:
        """Return the natural logarithm of each of `logits`, or of a scalar, which are positive."""
        ...

    def logsumexp(self, logits: Tensor, /) -> Tensor:
        """Return log(sum(exp(x))) over the batch, a scalar; exact for large `logits` too."""
        ...

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
    """The operations of `LossOps` on NumPy arrays, to evaluate a loss; they have no gradients."""

    mean = staticmethod(np.mean)

    @staticmethod
    def exp(logits: Logits) -> Logits:
        """Return e^x of each of `logits`."""
        made: Logits = np.exp(logits)
        return made

    @staticmethod
    def log(logits: Logits) -> Logits:
        """Return the natural logarithm of each of `logits`."""
        made: Logits = np.log(logits)
        return made

    @staticmethod
    def logsumexp(logits: Logits) -> Logits:
        """Return log(sum(exp(x))) of all `logits`."""
        largest = np.max(logits)
        made: Logits = largest + np.log(np.sum(np.exp(logits - largest)))
        return made

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
