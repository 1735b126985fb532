"""The losses of a run, in memory."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gankit.callbacks.boundaries import never
from gankit.contract import Array
from gankit.runs.loss_history import LossHistory
from gankit.training import Progress


class History:
    """Stores the losses of a run in memory."""

    def __init__(self) -> None:
        self._blocks: list[Array] = [np.empty((0, 2))]
        self._terms: list[Mapping[str, Array]] = []

    def next_boundary(self, _step: int, /) -> int:
        """Return `never`."""
        return never

    def __call__(self, progress: Progress, /) -> None:
        """Store the block's losses."""
        self._blocks.append(progress.losses)
        self._terms.append(progress.terms)

    def losses(self) -> LossHistory:
        """Return the losses of the steps so far, `(steps, 2)`, and the terms."""
        names = self._terms[0] if self._terms else ()
        terms = {name: np.concatenate([block[name] for block in self._terms]) for name in names}
        return LossHistory(np.concatenate(self._blocks), terms)
