"""The model card: a description of an export, in Markdown."""

from __future__ import annotations

import datetime
import html
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import gankit
from gankit._text import one_line
from gankit.data import is_path
from gankit.errors import CheckpointError
from gankit.export.exported import Exported
from gankit.launch.resume.run_images import known_images
from gankit.layers import uses_labels
from gankit.runs import class_names, evaluation_log

INPUTS = """\
import numpy as np

random = np.random.default_rng(0)
inputs = {{"noise": random.standard_normal((16, {latent}), dtype=np.float32)}}
"""
LABELS = 'inputs["labels"] = np.arange(16) % {classes}\n'
NAMES = 100
"""Classes named in a card, at most."""
KINDS = {1: "grey", 3: "colour"}
_FOLDERS = re.compile(r"(?<![^\s'\"(=])(?:~|[A-Za-z]:)?[/\\](?:[^\s'\"/\\]+[/\\])*(?=\S)")
"""The folders of an absolute path."""
_SPECIAL = re.compile(r"[\\`*_{}\[\]#|]")
"""Characters that are special in Markdown, besides those of HTML."""
_NO_CODE = str.maketrans({"`": "'", "|": "\\|", "<": "‹", ">": "›"})
"""Characters that would end code or a cell of a table, and brackets of tags."""
LICENCE = """\
gankit claims no right to what was trained with it. Whether and how this file may be passed on
depends on the licence of the training images: state it here before you do."""
LIMITS = """\
For study, tests and play. It generates images like its training images, with their gaps and
biases; an image is not evidence of anything. It was not checked whether it repeats training
images. Another processor or version of a library may round the last digits differently."""
FIGURES = ("reference", "features", "samples", "frechet", "precision", "recall", "density",
           "coverage", "score", "classes_seen")  # fmt: skip
"""The metrics of an evaluation that a card lists."""


def card(done: Exported) -> str:
    """Return the text of the card."""
    name = done.choice.name
    sections = (
        f"# {_text(done.config.recipe)} on {_text(_data_name(done))}: a generator, as {name}",
        _introduction(done),
        "## Where it comes from",
        _table(("", ""), _origin(done)),
        "## What it takes and makes",
        _interface(done),
        "## How to use it",
        f"In the folder that holds {_code(done.path.name)}:",
        f"```python\n{snippet(done)}```",
        "## What was checked",
        _proof(done),
        "## How good it is",
        _quality(done),
        "## Intended use and limits",
        LIMITS,
        "## Licence",
        LICENCE,
    )
    return "\n\n".join(sections) + "\n"


def snippet(done: Exported) -> str:
    """Return Python that makes images with the export, run in the folder that holds it."""
    said = INPUTS.format(latent=done.config.latent)
    if classes := _classes(done):
        said += LABELS.format(classes=classes)
    return f"{said}\n{done.choice.export.snippet.format(path=json.dumps(done.path.name))}"


def _introduction(done: Exported) -> str:
    height, width, channels = done.config.image_shape
    kind = KINDS.get(channels, f"{channels}-channel")
    classes = _classes(done)
    told = f", of whichever of {classes} classes is asked for" if classes else ""
    return (
        f"It turns random numbers into {kind} images of {height}×{width} pixels{told}.\n"
        "It is the generator of a generative adversarial network (GAN), trained by gankit."
    )


def _origin(done: Exported) -> Iterator[tuple[str, str]]:
    config = done.config
    summary = f": {_text(config.summary)}" if config.summary else ""
    yield "recipe", f"{_code(config.recipe)}{summary}"
    yield "data set", _text(_data(done))
    yield "digest of the images", _code(known_images(done.run).get("data_digest", "not recorded"))
    yield "loss", _text(config.loss)
    yield "training", f"{done.step:,} steps, batches of {config.batch}, seed {config.seed}"
    yield "computed by", f"backend {_text(config.backend)}, in {config.precision}"
    yield "weights", "their average over training" if config.average else "as training left them"
    yield "parameters", f"{done.parameters:,}"
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    yield "written", f"by gankit {gankit.__version__}, backend {done.choice.backend}, on {today}"
    if done.sha256:
        yield "SHA-256 of the file", f"`{done.sha256}`"


def _interface(done: Exported) -> str:
    height, width, channels = done.config.image_shape
    rows = [("in", "`noise`", f"(n, {done.config.latent})", "float32", "standard normal numbers")]
    if classes := _classes(done):
        rows.append(("in", "`labels`", "(n,)", "int64", f"the classes, 0 to {classes - 1}"))
    shape = f"(n, {height}, {width}, {channels})"
    rows.append(("out", "`images`", shape, "float32", "from -1, black, to 1, white"))
    return (
        f"{_table(('', 'name', 'shape', 'type', 'meaning'), rows)}\n\n{_names(done)}"
        "Any n will do. Images are height, width, channels, in that order; as levels of grey or\n"
        'colour they are `((images + 1) * 127.5).round().astype("uint8")`.'
    )


def _names(done: Exported) -> str:
    """Return a paragraph with the name of each class, or an empty string."""
    names = class_names.read(done.run.classes)[: min(_classes(done), NAMES)]
    if not names:
        return ""
    told = ", ".join(f"{number} {_inline(name)}" for number, name in enumerate(names))
    more = _classes(done) - len(names)
    return f"The classes: {told}{f' and {more:,} more' if more else ''}.\n\n"


def _inline(text: str) -> str:
    """Return text with Markdown's special characters escaped."""
    return re.sub(r"([\\`*_<>|\[\]])", r"\\\1", one_line(text))


def _proof(done: Exported) -> str:
    classes = " of every class" if _classes(done) else ""
    return (
        f"It was opened again in a child process and generated {done.images} images{classes} from "
        "fixed noise, all\ntogether and the first one alone. The largest difference from the "
        f"run's generator on\nthe same noise was {done.difference:.1e}, on a scale from -1 "
        "to 1."
    )


def _quality(done: Exported) -> str:
    """Return the newest evaluation of this step as a table, or a sentence if there is none."""
    try:
        rows = [r for r in evaluation_log.read(done.run.evaluations) if r["step"] == done.step]
    except CheckpointError as error:  # The export itself is complete.
        why = str(error).replace(str(done.run.path), done.run.path.name)
        return f"What was measured of it could not be read: {_text(why)}"
    if not rows:
        return (
            f"The images of step {done.step:,} have not been evaluated: look at some before you "
            "rely on it."
        )
    found = evaluation_log.newest(rows)
    return _table(
        ("figure", f"step {done.step:,}"),
        ((name, _figure(found[name])) for name in FIGURES if found.get(name) is not None),
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, ("---",) * len(head), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _figure(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else _text(value)


def _data_name(done: Exported) -> str:
    """Return the data set's name; for a user's own images only the name of the folder or file."""
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
    r"""Return text as Markdown that shows exactly this text: a run may come from someone else.

    Folders of the machine that trained it are removed.

    >>> _text("a | b <i> in /home/me/pets")
    'a \\| b &lt;i&gt; in pets'
    """
    named = _FOLDERS.sub("", one_line(value))
    return _SPECIAL.sub(r"\\\g<0>", html.escape(named, quote=False))


def _classes(done: Exported) -> int:
    config = done.config
    return (config.classes or 0) if uses_labels(config.generator.layers) else 0
