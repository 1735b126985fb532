"""The HTML of an evaluation in a notebook: every metric, and class shares as bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gankit._text import counted
from gankit.visual import notebook, plots

TITLES = {"frechet": "Fréchet distance", "kernel": "kernel distance", "nearest": "nearest image"}
BARE = {"features", "reference", "samples", "reference_samples", "neighbours"}
HIDDEN = {*BARE, "kernel_deviation", "kernel_all", "reference_score", "histogram"}


def evaluation_html(metrics: Mapping[str, Any], class_names: tuple[str, ...] = ()) -> str:
    """Return metrics as HTML, with class shares as bars if they are known.

    Parameters
    ----------
    metrics
        As from `Evaluation.as_json`.
    class_names
        Names of the classes, or none.
    """
    rows = {
        TITLES.get(name, name.replace("_", " ")): _text(value)
        for name, value in metrics.items()
        if name not in HIDDEN and value is not None
    }
    if metrics["kernel_deviation"] is not None and "kernel distance" in rows:
        rows["kernel distance"] += f" ± {metrics['kernel_deviation']:.4g}"
    rows["measured"] = (
        f"{counted(metrics['samples'], 'image')} against {metrics['reference']}, "
        f"by {metrics['features']}, k = {metrics['neighbours']}"
    )
    pictures = []
    if shares := metrics["histogram"]:
        png, size = plots.class_shares(shares, names=class_names)._repr_png_()
        width = size["width"] * 2 // 3
        pictures.append(notebook.Inline(notebook.base64_of(png), width, "Share of each class"))
    return notebook.html("gankit evaluation", rows, pictures)


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
