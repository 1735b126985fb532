"""The section of a card about the inputs and the output of the network."""

from __future__ import annotations

from collections.abc import Sequence

from gankit.codes import columns
from gankit.conditions import Condition
from gankit.contract.export_format import LABELS
from gankit.contract.network_inputs import NOISE
from gankit.export.card import facts
from gankit.export.card.markdown import code, escaped, inline, table
from gankit.export.exported import Exported
from gankit.layers import Shape
from gankit.passes import SAMPLE
from gankit.runs import class_names
from gankit.terms import CLASS

MEANINGS = {NOISE: "standard normal numbers"}
LOGIT = "the logit: high for real, low for generated"
LOGIT_MAP = "a logit for each part: high for real, low for generated; the logit is their mean"
DRAWN_FROM = "means, then as many logarithms of variances, of normal numbers"
LEVELS = "from -1 (black) to 1 (white)"
RANGES = {"categorical": "one-hot", "uniform": "from -1 to 1", "normal": "standard normal"}
MOST_NAMES = 100
"""The most classes that a card names."""


def interface(done: Exported) -> str:
    """Return the table of inputs and output, with names, shapes, types and meanings."""
    rows = [_row(done, "in", name, shape) for name, shape in done.inputs.items()]
    if classes := facts.classes(done):
        rows.append(("in", f"`{LABELS}`", "(n,)", "int64", f"the classes, 0 to {classes - 1}"))
    if conditions := facts.conditions(done):
        size = f"(n, {len(conditions)})"
        rows.append(("in", f"`{LABELS}`", size, "float32", _ranges(conditions)))
    rows += [_row(done, "out", name, shape) for name, shape in done.output.items()]
    shapes = (*done.inputs.values(), *done.output.values())
    has_image = any(map(facts.is_image, shapes))
    axes = " The axes of an image are height, width and channels." if has_image else ""
    (output,) = done.output
    levels = f' Levels from\n0 to 255 are `(({output} + 1) * 127.5).round().astype("uint8")`.'
    return (
        f"{table(('', 'name', 'shape', 'type', 'meaning'), rows)}\n\n{_names(done)}"
        f"n is any number of images.{axes}{levels if facts.makes_images(done) else ''}"
    )


def _row(done: Exported, side: str, name: str, shape: Shape) -> tuple[str, ...]:
    """Return the row of an input or of the output."""
    codes = facts.codes(done)
    meaning = RANGES[codes[name].kind] if name in codes else MEANINGS.get(name, "numbers")
    if side == "out" and facts.makes_logits(done):
        meaning = _logits(done, shape)
    elif facts.is_image(shape):
        meaning = LEVELS
    elif side == "out" and _is_drawn_from(done, name):
        meaning = DRAWN_FROM
    sides = ", ".join(map(str, shape))
    return side, f"`{name}`", f"(n, {sides})", "float32", meaning


def _logits(done: Exported, shape: Shape) -> str:
    """Return the meaning of logits of a shape, with the columns of heads."""
    if facts.is_image(shape):
        return LOGIT_MAP
    places = columns(done.heads.items(), 1)
    heads = (f"{_columns(place)} the head {code(name)}" for name, place in places.items())
    return "; ".join([f"column 0 is {LOGIT}" if places else LOGIT, *heads])


def _columns(place: slice) -> str:
    first, last = place.start, place.stop - 1
    return f"column {first} is" if first == last else f"columns {first} to {last} are"


def _is_drawn_from(done: Exported, output: str) -> bool:
    """Return whether a pass of the run draws from what the network makes."""
    passes = (text.replace(" ", "").replace("-", "_") for text in done.config.passes.values())
    return f"{SAMPLE}({output})" in passes


def _names(done: Exported) -> str:
    """Return a paragraph with the name of each class, or an empty string."""
    count = facts.classes(done) or done.heads.get(CLASS, 0)
    names = class_names.read(done.run.classes)[: min(count, MOST_NAMES)]
    if not names:
        return ""
    listed = ", ".join(f"{number} {inline(name)}" for number, name in enumerate(names))
    more = count - len(names)
    return f"The classes: {listed}{f' and {more:,} more' if more else ''}.\n\n"


def _ranges(conditions: Sequence[Condition]) -> str:
    """Return the names of the columns of labels, and the ranges of the training images."""
    ends = (0 if c.binary else -1 for c in conditions)
    ranges = (
        f"{escaped(c.name)}, {end} at {c.low:g} to 1 at {c.high:g}"
        for c, end in zip(conditions, ends, strict=True)
    )
    return "the conditions: " + "; ".join(ranges)
