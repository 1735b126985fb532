"""What a card states: what the network takes and makes, its data set and its evaluation."""

from __future__ import annotations

from pathlib import Path

from gankit.codes import Code
from gankit.conditions import Condition
from gankit.contract.export_format import input_columns
from gankit.data import is_path
from gankit.export.card.markdown import without_folders
from gankit.export.exported import Exported
from gankit.layers import Shape, Spec, uses_labels
from gankit.runs import evaluation_log
from gankit.runs.evaluation_log import Row
from gankit.terms import DISCRIMINATOR, GENERATOR


def codes(done: Exported) -> dict[str, Code]:
    """Return the codes by the names of their inputs, if the network takes them."""
    config = done.config
    names = list(input_columns(config.latent, config.codes))[1:]
    found = dict(zip(names, config.codes, strict=True))
    return {name: code for name, code in found.items() if name in done.inputs}


def classes(done: Exported) -> int:
    """Return the number of classes, if the network takes them; else 0."""
    return (done.config.classes or 0) if uses_labels(_layers(done)) else 0


def conditions(done: Exported) -> tuple[Condition, ...]:
    """Return the columns of labels that are vectors, if the network takes them."""
    return done.config.conditions if uses_labels(_layers(done)) else ()


def makes_logits(done: Exported) -> bool:
    """Return whether the network is on the discriminator's side."""
    further = done.config.networks.get(done.network)
    return (further.side if further else done.network) == DISCRIMINATOR


def makes_images(done: Exported) -> bool:
    """Return whether the output is an image."""
    (shape,) = done.output.values()
    return is_image(shape) and not makes_logits(done)


def takes_images(done: Exported) -> bool:
    """Return whether an input is an image."""
    return any(map(is_image, done.inputs.values()))


def is_image(shape: Shape) -> bool:
    """Return whether values of this shape have a height, a width and channels."""
    return len(shape) == 3


def data_name(done: Exported) -> str:
    """Return the data set's name; for a user's images, the name of the folder or file."""
    dataset = done.config.dataset
    return without_folders(Path(dataset).name if is_path(dataset) else dataset)


def evaluation(done: Exported) -> Row:
    """Return the newest evaluation of the exported generator; empty if there is none.

    Raises
    ------
    CheckpointError
        The log of evaluations is damaged.
    """
    if done.network != GENERATOR:
        return {}
    rows = evaluation_log.read(done.run.evaluations)
    return evaluation_log.newest([row for row in rows if row["step"] == done.step])


def _layers(done: Exported) -> Spec:
    config = done.config
    if further := config.networks.get(done.network):
        return further.layers
    return (config.generator if done.network == GENERATOR else config.discriminator).layers
