"""gankit's loop, `fit`, with one of its backends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def loop(
    images: np.ndarray, recipe: str = "simple", backend: str = "numpy", **changes: Any
) -> Callable[[int], None]:
    """Return a function that runs n steps of a recipe, with changed settings."""
    from gankit import plugins
    from gankit.training import fit
    from loops.problems import problem_of

    problem, step_shape = problem_of(recipe, **changes)
    trainer = plugins.get_backend(backend).trainer(problem)
    done = [0]

    def run(steps: int) -> None:
        end = done[0] + steps
        fit(trainer, problem, step_shape, images, steps=end, start=done[0])
        done[0] = end

    return run
