"""The result of an export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gankit.config import TrainConfig
from gankit.export.formats import Choice
from gankit.layers import Shape
from gankit.runs import RunFolder


@dataclass(frozen=True)
class Exported:
    """The result of an export.

    Attributes
    ----------
    path, card
        The file or folder, and its model card: `NAME.md` beside a file, `README.md` in a folder.
    choice
        The format, and the backend that wrote it.
    run, config
        The run's folder, and its configuration.
    network
        The name of the network: "generator", "discriminator", or that of a further one.
    inputs, output
        The names of the inputs and of the output in the file, without "labels", with their shapes
        without the batch.
    heads
        The heads of a discriminator: the number of columns of each, by its name, after the logit.
    step, parameters
        Steps done at the exported checkpoint; number of weights of the network.
    rows, difference
        Number of outputs that were compared with the run's, each an image or a row of numbers, and
        the largest difference of a value, divided by the largest value if that is above 1.
    sha256
        SHA-256 of the file; empty for a folder.
    license
        The identifier of the licence that the user stated, such as "mit"; empty for none.
    """

    path: Path
    card: Path
    choice: Choice
    run: RunFolder
    config: TrainConfig
    network: str
    inputs: Mapping[str, Shape]
    output: Mapping[str, Shape]
    heads: Mapping[str, int]
    step: int
    parameters: int
    rows: int
    difference: float
    sha256: str
    license: str = ""
