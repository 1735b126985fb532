"""gankit's own loop, `fit`, over one of its backends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def loop(images: np.ndarray, backend: str = "numpy", **changes: Any) -> Callable[[int], None]:
    """Return what runs so many rounds of the recipe `simple`, with settings changed."""
    from gankit import plugins
    from gankit.config import from_settings
    from gankit.recipes import recipe
    from gankit.training import fit

    config = from_settings(recipe("simple").settings | changes)
    problem = config.problem((28, 28, 1), plugins.get_loss(config.loss))
    trainer = plugins.get_backend(backend).trainer(problem)
    done = [0]

    def run(rounds: int) -> None:
        end = done[0] + rounds
        fit(trainer, problem, config.regime(), images, rounds=end, start=done[0])
        done[0] = end

    return run
