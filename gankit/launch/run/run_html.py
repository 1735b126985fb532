"""The HTML of a run in a notebook: facts, losses and a grid of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gankit._text import counted
from gankit.data.class_names import listed
from gankit.launch.evaluation.trained_run import Trained
from gankit.visual import notebook

GRID_ROWS, MOST_COLUMNS = 5, 10
"""Rows of the grid; a class-conditional run has a column per class, at most ten."""


def run_html(run: Trained) -> str:
    """Return a run as HTML: facts, losses and a grid of images, of seed 0.

    A loaded run whose generator takes sources has none to make images of.
    """
    pictures = [_grid(run)] if run.plan is not None or not run.problem.takes_source else []
    if len(run.history):
        pictures.append(notebook.loss_curves(run.history))
    return notebook.html("gankit run", _facts(run), pictures)


def _grid(run: Trained) -> notebook.Inline:
    """Return the grid of images."""
    classes = run.problem.generator_classes
    columns = min(classes, MOST_COLUMNS) or GRID_ROWS
    labels = np.tile(run.each_class(1)[:columns], GRID_ROWS) if classes else None
    count = GRID_ROWS * columns
    picture = run.grid(count, labels=labels, columns=columns, scale=1)
    return notebook.image_grid(picture, f"{counted(count, 'image')} of the run")


def _facts(run: Trained) -> dict[str, str]:
    rows = {}
    if (config := run.config) is not None:
        rows = {"recipe": config.recipe, "dataset": Path(config.dataset).name}
        rows |= {"backend": config.backend, "seed": str(config.seed)}
    rows["images"] = " × ".join(map(str, run.problem.image_shape))
    if run.problem.generator_classes:
        count = str(run.problem.generator_classes)
        rows["classes"] = f"{count}: {listed(run.class_names)}" if run.class_names else count
    rows |= {"steps": f"{run.step:,}", **notebook.mean_losses(run.history)}
    if run.folder is not None:
        rows["folder"] = str(run.folder)
    return rows
