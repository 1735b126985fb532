"""HTML for notebooks: self-contained and escaped.

Colours are inherited from the notebook, so that it also works in a dark one.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gankit._text import printable_lines
from gankit.runs.loss_history import LossHistory
from gankit.visual import plots
from gankit.visual.images import Picture

if TYPE_CHECKING:
    from jinja2 import Template


SCALE = 2
"""Factor by which a small image is enlarged."""
MOST_WIDTH = 420
"""The largest width of a grid in pixels; wider grids are scaled down."""
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
    """A PNG file embedded in a page."""

    data: str
    width: int
    alt: str
    rendering: str = "auto"


def of_progress(step: int, losses: LossHistory, picture: Picture | None) -> str:
    """Return a run's progress as HTML, for the live callback; without a picture if it is None."""
    rows = {"step": f"{step:,}", **mean_losses(losses)}
    grids = [] if picture is None else [image_grid(picture, f"Images after step {step}")]
    return html("", rows, [*grids, loss_curves(losses)])


def html(title: str, rows: Mapping[str, str], pictures: Sequence[Inline] = ()) -> str:
    """Return a table of names and values, with pictures beside it."""
    return _template().render(title=title, rows=rows.items(), pictures=pictures)


@functools.cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    rules = Environment(autoescape=True, undefined=StrictUndefined, finalize=_shown)
    return rules.from_string(HTML)


def _shown(value: object) -> object:
    """Return text without unprintable characters."""
    return printable_lines(value) if type(value) is str else value


def mean_losses(losses: LossHistory) -> dict[str, str]:
    """Return the means of both losses, and of the terms, over the last steps."""
    if not len(losses):
        return {}
    last = slice(-max(1, len(losses) // plots.SMOOTHING), None)
    names = {"discriminator": "discriminator's loss", "generator": "generator's loss"}
    return {
        names.get(name, name): f"{values[last].mean():.3f}"
        for name, values in losses.columns().items()
    }


def image_grid(picture: Picture, alt: str) -> Inline:
    """Return a grid of images, enlarged if it is small."""
    width = min(SCALE * picture.pixels.shape[1], MOST_WIDTH)
    return Inline(base64_of(picture.png()), width, alt, "pixelated")


def loss_curves(losses: LossHistory) -> Inline:
    """Return the curves of losses and of terms."""
    png, size = plots.losses(losses)._repr_png_()
    return Inline(base64_of(png), size["width"] * 3 // 4, "Losses of both networks by step")


def base64_of(png: bytes) -> str:
    """Return a PNG file as text for a data URL."""
    return base64.b64encode(png).decode("ascii")
