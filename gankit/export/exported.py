"""The result of an export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gankit.config import TrainConfig
from gankit.export.formats import Choice
from gankit.runs import RunFolder


@dataclass(frozen=True)
class Exported:
    """The result of an export.

    Attributes
    ----------
    path, card
        The file or folder, and its model card: beside a file `NAME.md`, within a folder README.md.
    choice
        The format, and the backend that wrote it.
    run, config
        The run, and its configuration.
    step, parameters
        Steps of the exported checkpoint; number of weights in the generator.
    images, difference
        Number of compared images, and the largest difference.
    sha256
        Checksum of a file; empty for a folder.
    """

    path: Path
    card: Path
    choice: Choice
    run: RunFolder
    config: TrainConfig
    step: int
    parameters: int
    images: int
    difference: float
    sha256: str
