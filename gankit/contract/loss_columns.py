"""The columns of the losses: those of both networks, then the value of each term.

A network's update returns its loss; with terms, `(1 + T,)`: the loss, then the value of each of
`problem.terms_of(side)` without its weight, all before the update.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, SupportsFloat, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit.terms import Side, Term

Losses: TypeAlias = SupportsFloat | Iterable[SupportsFloat]
"""What an update returns: its loss, or the loss and the values of the terms."""
NETWORKS: tuple[Side, Side] = ("discriminator", "generator")
"""The first two columns."""


def names(side: Side, terms: Iterable[Term]) -> list[str]:
    """Return the name of each term's column, such as "generator/fake/digit".

    That of a term of two values is "generator/fake-real", for example.

    If several terms compare the same outputs, the later ones are numbered.

    Parameters
    ----------
    side
        The network whose loss the terms join.
    terms
        Its terms, in the order of `Problem.terms_of`.

    >>> names("generator", [Term("l2", "fake/a", "code/a"), Term("l2", "fake/a", "code/b")])
    ['generator/fake/a', 'generator/fake/a/2']
    """
    found: list[str] = []
    for term in terms:
        value = f"{term.of}-{term.to}" if term.of_values and term.to else term.of
        name = f"{side}/{value}"
        count = sum(other == name or other.startswith(f"{name}/") for other in found)
        found.append(f"{name}/{count + 1}" if count else name)
    return found


def row(losses: Losses) -> NDArray[np.float64]:
    """Return what an update returned as `(1 + T,)` float64, the loss first.

    `losses` are a loss, or a loss and T values of terms, of any kind of tensor.
    """
    numbers: Any = losses if np.ndim(losses) else (losses,)  # type: ignore[arg-type]
    return np.array([float(number) for number in numbers], np.float64)


def of_steps(critics: NDArray[Any], lasts: NDArray[Any]) -> NDArray[np.float64]:
    """Return the losses of K steps, `(K, columns)` float64.

    The first column is the mean of the step's discriminator losses, the second the generator's
    loss. Then come the means of the discriminator's terms, and the generator's terms.

    Parameters
    ----------
    critics
        What the discriminator's updates returned: `(K, n_critic)`, or `(K, n_critic, 1 + T)`.
    lasts
        What the generator's updates returned: `(K,)`, or `(K, 1 + T)`.
    """
    if not len(lasts):
        return np.empty((0, len(NETWORKS)))
    critics = np.asarray(critics, np.float64).reshape(*critics.shape[:2], -1)
    lasts = np.asarray(lasts, np.float64).reshape(len(lasts), -1)
    loss, *terms = (critics[:, :, i].mean(axis=1) for i in range(critics.shape[2]))
    return np.stack([loss, lasts[:, 0], *terms, *lasts[:, 1:].T], axis=1)
