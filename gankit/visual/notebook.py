"""What a notebook shows: pieces of HTML with everything in them, and nothing unescaped.

Colours are those of the notebook, so that a dark one stays dark.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gankit._text import printable_lines
from gankit.contract import Array
from gankit.data.class_names import listed
from gankit.visual import plots
from gankit.visual.images import Picture

if TYPE_CHECKING:
    from jinja2 import Template

    from gankit.evaluation import Evaluation
    from gankit.launch.run import Run

ROWS, WIDE = 5, 10
"""Rows of a grid; where there are classes each has a column, at most ten."""
SHOWN = 2
"""Pixels that one pixel of an image becomes."""
WIDEST = 420
"""Pixels of a grid that is shown; larger ones are made narrower."""
TITLES = {"frechet": "Fréchet distance", "kernel": "kernel distance", "nearest": "nearest image"}
BARE = {"features", "reference", "samples", "reference_samples", "neighbours"}
HIDDEN = {*BARE, "kernel_deviation", "kernel_whole", "reference_score", "histogram"}
HTML = """\
<div style="display:flex;flex-wrap:wrap;gap:1.5em;align-items:flex-start">
<table style="border-collapse:collapse;max-width:26em">
{%- if title %}
<caption style="text-align:left;font-weight:bold;caption-side:top">{{ title }}</caption>
{%- endif %}
{%- for name, value in rows %}
<tr><th scope="row" style="text-align:left;font-weight:normal;opacity:0.7;\
padding-right:1em;white-space:nowrap;vertical-align:top">{{ name }}</th>\
<td style="text-align:left;overflow-wrap:anywhere">{{ value }}</td></tr>
{%- endfor %}
</table>
{%- for picture in pictures %}
<img alt="{{ picture.alt }}" width="{{ picture.width }}" \
style="max-width:100%;image-rendering:{{ picture.rendering }}" \
src="data:image/png;base64,{{ picture.data }}">
{%- endfor %}
</div>
"""


@dataclasses.dataclass(frozen=True)
class Inline:
    """A PNG file as a page has it."""

    data: str
    width: int
    alt: str
    rendering: str = "auto"


def of_run(run: Run) -> str:
    """Return a run as HTML: what it is, its losses and a grid of its images, of seed 0."""
    classes = run.problem.generator_classes
    columns = min(classes, WIDE) or ROWS
    labels = np.tile(run.each_class(1)[:columns], ROWS) if classes else None
    count = ROWS * columns
    picture = run.grid(count, labels=labels, columns=columns, scale=1)
    pictures = [_grid(picture, f"{count} images of the run")]
    if len(run.history):
        pictures.append(_plot(run.history))
    return html("gankit run", _of_run(run), pictures)


def of_evaluation(found: Evaluation) -> str:
    """Return every figure of an evaluation as HTML, and the classes as bars where it has them."""
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
        pictures.append(Inline(_coded(png), size["width"] * 2 // 3, "Share of each class"))
    return html("gankit evaluation", figures, pictures)


def of_progress(step: int, losses: Array, picture: Picture) -> str:
    """Return how far a run is as HTML, for the callback that shows it while it trains."""
    rows = {"step": f"{step:,}", **_last(losses)}
    return html("", rows, [_grid(picture, f"Images after step {step}"), _plot(losses)])


def html(title: str, rows: Mapping[str, str], pictures: Sequence[Inline] = ()) -> str:
    """Return a table of names and values, and pictures beside it."""
    return _template().render(title=title, rows=rows.items(), pictures=pictures)


@functools.cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    rules = Environment(autoescape=True, undefined=StrictUndefined, finalize=_shown)
    return rules.from_string(HTML)


def _shown(value: object) -> object:
    """Return text without characters that cannot be seen."""
    return printable_lines(value) if type(value) is str else value


def _of_run(run: Run) -> dict[str, str]:
    rows = {}
    if (config := run.config) is not None:
        rows = {"recipe": config.recipe, "dataset": Path(config.dataset).name}
        rows |= {"backend": config.backend, "seed": str(config.seed)}
    rows["images"] = " × ".join(map(str, run.problem.image_shape))
    if run.problem.generator_classes:
        count = str(run.problem.generator_classes)
        rows["classes"] = f"{count}: {listed(run.class_names)}" if run.class_names else count
    rows |= {"steps": f"{run.step:,}", **_last(run.history)}
    if run.folder is not None:
        rows["folder"] = str(run.folder)
    return rows


def _last(losses: Array) -> dict[str, str]:
    """Return the means of both losses over the last steps."""
    if not len(losses):
        return {}
    means = losses[-max(1, len(losses) // plots.SMOOTH) :].mean(axis=0)
    names = ("discriminator's loss", "generator's loss")
    return {name: f"{mean:.3f}" for name, mean in zip(names, means, strict=True)}


def _figure(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _grid(picture: Picture, alt: str) -> Inline:
    width = min(SHOWN * picture.pixels.shape[1], WIDEST)
    return Inline(_coded(picture.png()), width, alt, "pixelated")


def _plot(losses: Array) -> Inline:
    png, size = plots.losses(losses)._repr_png_()
    return Inline(_coded(png), size["width"] * 3 // 4, "Losses of both networks by step")


def _coded(png: bytes) -> str:
    return base64.b64encode(png).decode("ascii")
