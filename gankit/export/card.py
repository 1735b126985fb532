"""The model card: a description of an export, in Markdown."""

from __future__ import annotations

import datetime
import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import gankit
from gankit._text import counted, one_line
from gankit.codes import Code, columns
from gankit.conditions import Condition
from gankit.contract.export_format import LABELS, input_columns
from gankit.contract.network_inputs import NOISE, SOURCE
from gankit.data import is_path
from gankit.errors import CheckpointError
from gankit.export.exported import Exported
from gankit.launch.resume.run_images import known_images
from gankit.layers import Shape, Spec, uses_labels
from gankit.passes import SAMPLE
from gankit.runs import class_names, evaluation_log
from gankit.terms import CLASS, DISCRIMINATOR, GENERATOR

INPUTS = """\
import numpy as np

random = np.random.default_rng(0)
inputs = {}
"""
PICTURES_INPUT = """\
pictures = np.zeros((16, {shape}), np.uint8)  # Your pictures.
inputs["{name}"] = (pictures / np.float32(127.5) - 1).astype(np.float32)
"""
ROW_INPUT = 'inputs["{name}"] = random.standard_normal((16, {shape}), dtype=np.float32)\n'
DRAWN = {
    "uniform": "random.uniform(-1, 1, (16, {size})).astype(np.float32)",
    "normal": "random.standard_normal((16, {size}), dtype=np.float32)",
    "categorical": "np.eye({size}, dtype=np.float32)[np.arange(16) % {size}]",
}
"""Code that makes the columns of each kind of code."""
CLASSES = 'inputs["labels"] = np.arange(16) % {classes}\n'
VECTORS = 'inputs["labels"] = np.linspace({lows}, {highs}, 16, dtype=np.float32)\n'
WHAT: dict[str, str] = {GENERATOR: "a generator", DISCRIMINATOR: "a discriminator"}
MEANINGS = {NOISE: "standard normal numbers"}
LOGIT = "the logit: high for real, low for generated"
LOGIT_MAP = "a logit for each part: high for real, low for generated; the logit is their mean"
DRAWN_FROM = "means, then as many logarithms of variances, of normal numbers"
LEVELS = "from -1 (black) to 1 (white)"
RANGES = {"categorical": "one-hot", "uniform": "from -1 to 1", "normal": "standard normal"}
MOST_NAMES = 100
"""The most classes that a card names."""
KINDS = {1: "grey", 3: "colour"}
_FOLDERS = re.compile(r"(?<![^\s'\"(=])(?:~|[A-Za-z]:)?[/\\](?:[^\s'\"/\\]+[/\\])*(?=\S)")
"""The folders of an absolute path."""
_SPECIAL = re.compile(r"[\\`*_{}\[\]#|]")
"""Characters that are special in Markdown, besides those of HTML."""
_NO_CODE = str.maketrans({"`": "'", "|": "\\|", "<": "‹", ">": "›"})
"""Replaces characters that end code or a table cell, and the brackets of tags."""
LICENCE = """\
gankit claims no rights to models that are trained with it. The licence of the training images
decides whether and how you may share this file. State that licence here before you share it."""
LIMITS = """\
The network is for study, tests and play. Generated images resemble the training images, with their
gaps and biases; an image is not evidence of anything. No test checked whether training images are
repeated. Another processor or library version may round the last digits differently."""
LOGIT_LIMITS = """\
It was trained to tell real inputs from those that this run generates. It is no measure of the
quality of an image, and does not detect generated images of other origin."""
METRICS = (
    "reference",
    "features",
    "samples",
    "frechet",
    "precision",
    "recall",
    "density",
    "coverage",
    "score",
    "classes_seen",
)
"""The fields of an evaluation that a card lists."""


def card(done: Exported) -> str:
    """Return the text of the card."""
    name = done.choice.name
    what = WHAT.get(done.network, f"the network {done.network}")
    sections = (
        f"# {_text(done.config.recipe)} on {_text(_data_name(done))}: {what}, as {name}",
        _introduction(done),
        "## Origin",
        _table(("", ""), _origin(done)),
        "## Inputs and outputs",
        _interface(done),
        "## Usage",
        f"Run this in the folder that contains {_code(done.path.name)}:",
        f"```python\n{snippet(done)}```",
        "## Verification",
        _verification(done),
        *(("## Evaluation", _evaluation(done)) if done.network == GENERATOR else ()),
        "## Intended use and limits",
        *((LOGIT_LIMITS,) if _makes_logits(done) else ()),
        LIMITS,
        "## Licence",
        LICENCE,
    )
    return "\n\n".join(sections) + "\n"


def snippet(done: Exported) -> str:
    """Return Python code that runs the export, in the folder that contains it."""
    code, (output,) = INPUTS, done.output
    codes = _codes(done)
    for name, shape in done.inputs.items():
        if name in codes:
            drawn = DRAWN[codes[name].kind].format(size=codes[name].size)
            code += f'inputs["{name}"] = {drawn}\n'
            continue
        form = PICTURES_INPUT if len(shape) == 3 else ROW_INPUT
        code += form.format(name=name, shape=", ".join(map(str, shape)))
    if classes := _classes(done):
        code += CLASSES.format(classes=classes)
    if conditions := _conditions(done):
        lows, highs = [0 if c.binary else -1 for c in conditions], [1] * len(conditions)
        code += VECTORS.format(lows=lows, highs=highs)
    path = json.dumps(done.path.name)
    return f"{code}\n{done.choice.export.snippet.format(path=path, output=output)}"


def _introduction(done: Exported) -> str:
    height, width, channels = done.config.image_shape
    kind = KINDS.get(channels, f"{channels}-channel")
    classes = _classes(done)
    choices = counted(classes, "class", "classes")
    choice = f" The class of each image\nis an input: one of {choices}." if classes else ""
    origin = "of a generative adversarial network (GAN), trained with gankit."
    if done.network != GENERATOR:
        (output,) = done.output
        what = "the discriminator" if done.network == DISCRIMINATOR else "a network"
        return (
            f"It computes {_code(output)} of {' and '.join(map(_code, done.inputs))}.{choice}\n"
            f"It is {what} {origin}"
        )
    words = {NOISE: "random numbers", SOURCE: "source images"}
    of = " and ".join(words[name] for name in done.inputs if name in words)
    return (
        f"It generates {kind} images of {height}×{width} pixels from {of}.{choice}\n"
        f"It is the generator {origin}"
    )


def _origin(done: Exported) -> Iterator[tuple[str, str]]:
    config = done.config
    summary = f": {_text(config.summary)}" if config.summary else ""
    yield "recipe", f"{_code(config.recipe)}{summary}"
    yield "data set", _text(_data(done))
    yield "digest of the images", _code(known_images(done.run).get("data_digest", "not recorded"))
    yield "loss", _text(config.loss)
    yield "training", f"{counted(done.step, 'step')}, batches of {config.batch}, seed {config.seed}"
    yield "trained with", f"backend {_text(config.backend)}, in {config.precision}"
    averaged = config.average and done.network == GENERATOR
    yield "weights", "running average of training" if averaged else "last step of training"
    yield "parameters", f"{done.parameters:,}"
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    yield "written", f"by gankit {gankit.__version__}, backend {done.choice.backend}, on {today}"
    if done.sha256:
        yield "SHA-256 of the file", f"`{done.sha256}`"


def _interface(done: Exported) -> str:
    rows = [_row(done, "in", name, shape) for name, shape in done.inputs.items()]
    if classes := _classes(done):
        rows.append(("in", f"`{LABELS}`", "(n,)", "int64", f"the classes, 0 to {classes - 1}"))
    if conditions := _conditions(done):
        size = f"(n, {len(conditions)})"
        rows.append(("in", f"`{LABELS}`", size, "float32", _ranges(conditions)))
    rows += [_row(done, "out", name, shape) for name, shape in done.output.items()]
    axes = " The axes of an image are height, width and channels." if _has_image(done) else ""
    ((output, shape),) = done.output.items()
    levels = f' Levels from\n0 to 255 are `(({output} + 1) * 127.5).round().astype("uint8")`.'
    makes_image = len(shape) == 3 and not _makes_logits(done)
    return (
        f"{_table(('', 'name', 'shape', 'type', 'meaning'), rows)}\n\n{_names(done)}"
        f"n is any number of images.{axes}{levels if makes_image else ''}"
    )


def _row(done: Exported, side: str, name: str, shape: Shape) -> tuple[str, ...]:
    """Return the row of an input or of the output."""
    codes = _codes(done)
    meaning = RANGES[codes[name].kind] if name in codes else MEANINGS.get(name, "numbers")
    if side == "out" and _makes_logits(done):
        meaning = _logits(done, shape)
    elif len(shape) == 3:
        meaning = LEVELS
    elif side == "out" and _is_drawn_from(done, name):
        meaning = DRAWN_FROM
    sides = ", ".join(map(str, shape))
    return side, f"`{name}`", f"(n, {sides})", "float32", meaning


def _makes_logits(done: Exported) -> bool:
    """Return whether the network is on the discriminator's side."""
    further = done.config.networks.get(done.network)
    return (further.side if further else done.network) == DISCRIMINATOR


def _logits(done: Exported, shape: Shape) -> str:
    """Return the meaning of logits of a shape, with the columns of heads."""
    if len(shape) == 3:
        return LOGIT_MAP
    places = columns(done.heads.items(), 1)
    heads = (f"{_columns(place)} the head {_code(name)}" for name, place in places.items())
    return "; ".join([f"column 0 is {LOGIT}" if places else LOGIT, *heads])


def _columns(place: slice) -> str:
    first, last = place.start, place.stop - 1
    return f"column {first} is" if first == last else f"columns {first} to {last} are"


def _is_drawn_from(done: Exported, output: str) -> bool:
    """Return whether a pass of the run draws from what the network makes."""
    passes = (text.replace(" ", "").replace("-", "_") for text in done.config.passes.values())
    return f"{SAMPLE}({output})" in passes


def _has_image(done: Exported) -> bool:
    """Return whether an input or the output is an image."""
    return any(len(shape) == 3 for shape in (*done.inputs.values(), *done.output.values()))


def _codes(done: Exported) -> dict[str, Code]:
    """Return the codes by the names of their inputs, if the network takes them."""
    config = done.config
    names = list(input_columns(config.latent, config.codes))[1:]
    found = dict(zip(names, config.codes, strict=True))
    return {name: code for name, code in found.items() if name in done.inputs}


def _names(done: Exported) -> str:
    """Return a paragraph with the name of each class, or an empty string."""
    count = _classes(done) or done.heads.get(CLASS, 0)
    names = class_names.read(done.run.classes)[: min(count, MOST_NAMES)]
    if not names:
        return ""
    listed = ", ".join(f"{number} {_inline(name)}" for number, name in enumerate(names))
    more = count - len(names)
    return f"The classes: {listed}{f' and {more:,} more' if more else ''}.\n\n"


def _inline(text: str) -> str:
    """Return text with Markdown's special characters escaped."""
    return re.sub(r"([\\`*_<>|\[\]])", r"\\\1", one_line(text))


def _verification(done: Exported) -> str:
    classes = " of all classes" if _classes(done) else ""
    if done.network != GENERATOR:
        (output,) = done.output
        return (
            f"A child process opened the file and computed {_code(output)} of {done.rows} fixed "
            "inputs, all\ntogether and the first one alone. The largest difference from what the "
            f"run's network makes of\nthe same inputs was {done.difference:.1e}, divided by the "
            "largest output if that is above 1."
        )
    return (
        f"A child process opened the file and generated {done.rows} images{classes} from fixed "
        "inputs, all\ntogether and the first one alone. The largest difference from the images of "
        f"the run's generator\nfor the same inputs was {done.difference:.1e}, on a scale from -1 "
        "to 1."
    )


def _evaluation(done: Exported) -> str:
    """Return the newest evaluation of this step as a table, or a sentence if there is none."""
    try:
        rows = [r for r in evaluation_log.read(done.run.evaluations) if r["step"] == done.step]
    except CheckpointError as error:  # The export itself is complete.
        reason = str(error).replace(str(done.run.path), done.run.path.name)
        return f"The evaluations of the run could not be read: {_text(reason)}"
    if not rows:
        return (
            f"The images of step {done.step:,} have not been evaluated. Look at some before you "
            "use them."
        )
    found = evaluation_log.newest(rows)
    return _table(
        ("metric", f"step {done.step:,}"),
        ((name, _metric(found[name])) for name in METRICS if found.get(name) is not None),
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, ("---",) * len(head), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _metric(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else _text(value)


def _data_name(done: Exported) -> str:
    """Return the data set's name; for a user's images, the name of the folder or file."""
    dataset = done.config.dataset
    return Path(dataset).name if is_path(dataset) else dataset


def _data(done: Exported) -> str:
    """Return the run's description of its images, without folders."""
    if is_path(done.config.dataset):
        return _data_name(done)
    return str(done.run.facts().get("data", done.config.dataset)).partition(" from ")[0]


def _code(value: object) -> str:
    """Return text as code in Markdown, without folders."""
    return f"`{_FOLDERS.sub('', one_line(value)).translate(_NO_CODE)}`"


def _text(value: object) -> str:
    r"""Return text escaped for Markdown, because a run may come from an untrusted source.

    Folders of the machine that trained the run are removed.

    >>> _text("a | b <i> in /home/me/pets")
    'a \\| b &lt;i&gt; in pets'
    """
    text = _FOLDERS.sub("", one_line(value))
    return _SPECIAL.sub(r"\\\g<0>", html.escape(text, quote=False))


def _conditions(done: Exported) -> tuple[Condition, ...]:
    return done.config.conditions if uses_labels(_layers(done)) else ()


def _layers(done: Exported) -> Spec:
    config = done.config
    if further := config.networks.get(done.network):
        return further.layers
    return (config.generator if done.network == GENERATOR else config.discriminator).layers


def _ranges(conditions: Sequence[Condition]) -> str:
    """Return the names of the columns of labels, and the ranges of the training images."""
    ends = (0 if c.binary else -1 for c in conditions)
    ranges = (
        f"{_text(c.name)}, {end} at {c.low:g} to 1 at {c.high:g}"
        for c, end in zip(conditions, ends, strict=True)
    )
    return "the conditions: " + "; ".join(ranges)


def _classes(done: Exported) -> int:
    return (done.config.classes or 0) if uses_labels(_layers(done)) else 0
