"""The HTML of an evaluation in a notebook: every metric, and class shares as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gankit.visual import notebook, plots

if TYPE_CHECKING:
    from gankit.evaluation import Evaluation

TITLES = {"frechet": "Fréchet distance", "kernel": "kernel distance", "nearest": "nearest image"}
BARE = {"features", "reference", "samples", "reference_samples", "neighbours"}
HIDDEN = {*BARE, "kernel_deviation", "kernel_whole", "reference_score", "histogram"}


def evaluation_html(found: Evaluation) -> str:
    """Return every metric of an evaluation as HTML, with class shares as bars if it has them."""
    figures = {
        TITLES.get(name, name.replace("_", " ")): _figure(value)
        for name, value in found.as_json().items()
        if name not in HIDDEN and value is not None
    }
    if found.kernel_deviation is not None and "kernel distance" in figures:
        figures["kernel distance"] += f" ± {found.kernel_deviation:.4g}"
    figures["measured"] = (
        f"{found.samples:,} images against {found.reference}, by {found.features}, "
        f"k = {found.neighbours}"
    )
    pictures = []
    if found.histogram:
        png, size = plots.class_shares(found.histogram, names=found.class_names)._repr_png_()
        width = size["width"] * 2 // 3
        pictures.append(notebook.Inline(notebook.base64_of(png), width, "Share of each class"))
    return notebook.html("gankit evaluation", figures, pictures)


def _figure(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
