"""The model card: a description of an export, in Markdown, with front matter for model hubs."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import gankit
from gankit._text import counted
from gankit.contract.network_inputs import NOISE, SOURCE
from gankit.data import is_path
from gankit.errors import CheckpointError
from gankit.export.card import facts
from gankit.export.card.front_matter import front_matter
from gankit.export.card.interface import interface
from gankit.export.card.markdown import code, escaped, table
from gankit.export.card.snippet import snippet
from gankit.export.exported import Exported
from gankit.launch.resume.run_images import known_images
from gankit.runs.metric_table import measured, shown
from gankit.terms import DISCRIMINATOR, GENERATOR

WHAT: dict[str, str] = {GENERATOR: "a generator", DISCRIMINATOR: "a discriminator"}
KINDS = {1: "grey", 3: "colour"}
LICENCE = """\
gankit claims no rights to models that are trained with it. The licence of the training images
decides whether and how you may share this file."""
NO_LICENCE = "State that licence here before you share it."
LIMITS = """\
The network is for study, tests and play. Generated images resemble the training images, with their
gaps and biases; an image is not evidence of anything. No test checked whether training images are
repeated. Another processor or library version may round the last digits differently."""
LOGIT_LIMITS = """\
It was trained to tell real inputs from those that this run generates. It is no measure of the
quality of an image, and does not detect generated images of other origin."""
MEASURED_BY = {
    "features": "features",
    "reference": "compared with",
    "samples": "generated images",
}
"""The fields of an evaluation that say how it was measured, as a card names them."""


def card(done: Exported) -> str:
    """Return the text of the card."""
    name = done.choice.name
    what = WHAT.get(done.network, f"the network {done.network}")
    sections = (
        front_matter(done),
        f"# {escaped(done.config.recipe)} on {escaped(facts.data_name(done))}: {what}, as {name}",
        _introduction(done),
        "## Origin",
        table(("", ""), _origin(done)),
        "## Inputs and outputs",
        interface(done),
        "## Usage",
        f"Run this in the folder that contains {code(done.path.name)}:",
        f"```python\n{snippet(done)}```",
        "## Verification",
        _verification(done),
        *(("## Evaluation", _evaluation(done)) if done.network == GENERATOR else ()),
        "## Intended use and limits",
        *((LOGIT_LIMITS,) if facts.makes_logits(done) else ()),
        LIMITS,
        "## Licence",
        LICENCE,
        f"Licence of this file, as stated for the export: {code(done.license)}."
        if done.license
        else NO_LICENCE,
    )
    return "\n\n".join(sections) + "\n"


def _introduction(done: Exported) -> str:
    height, width, channels = done.config.image_shape
    kind = KINDS.get(channels, f"{channels}-channel")
    classes = facts.classes(done)
    choices = counted(classes, "class", "classes")
    choice = f" The class of each image\nis an input: one of {choices}." if classes else ""
    origin = "of a generative adversarial network (GAN), trained with gankit."
    if done.network != GENERATOR:
        (output,) = done.output
        what = "the discriminator" if done.network == DISCRIMINATOR else "a network"
        return (
            f"It computes {code(output)} of {' and '.join(map(code, done.inputs))}.{choice}\n"
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
    summary = f": {escaped(config.summary)}" if config.summary else ""
    yield "recipe", f"{code(config.recipe)}{summary}"
    yield "data set", escaped(_data(done))
    yield "digest of the images", code(known_images(done.run).get("data_digest", "not recorded"))
    yield "loss", escaped(config.loss)
    yield "training", f"{counted(done.step, 'step')}, batches of {config.batch}, seed {config.seed}"
    yield "trained with", f"backend {escaped(config.backend)}, in {config.precision}"
    averaged = config.average and done.network == GENERATOR
    yield "weights", "running average of training" if averaged else "last step of training"
    yield "parameters", f"{done.parameters:,}"
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    yield "written", f"by gankit {gankit.__version__}, backend {done.choice.backend}, on {today}"
    if done.sha256:
        yield "SHA-256 of the file", f"`{done.sha256}`"


def _verification(done: Exported) -> str:
    classes = " of all classes" if facts.classes(done) else ""
    if done.network != GENERATOR:
        (output,) = done.output
        return (
            f"A child process opened the file and computed {code(output)} of {done.rows} fixed "
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
        row = facts.evaluation(done)
    except CheckpointError as error:  # The export itself is complete.
        reason = str(error).replace(str(done.run.path), done.run.path.name)
        return f"The evaluations of the run could not be read: {escaped(reason)}"
    if not row:
        return (
            f"The images of step {done.step:,} have not been evaluated. Look at some before you "
            "use them."
        )
    how = [(title, escaped(row[name])) for name, title in MEASURED_BY.items()]
    values = [(metric.title, shown(row[metric.key], metric.key)) for metric in measured([row])]
    return table(("metric", f"step {done.step:,}"), [*how, *values])


def _data(done: Exported) -> str:
    """Return the run's description of its images, without folders."""
    if is_path(done.config.dataset):
        return facts.data_name(done)
    return str(done.run.facts().get("data", done.config.dataset)).partition(" from ")[0]
