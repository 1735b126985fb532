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
        The file or folder, and its model card: `NAME.md` beside a file, `README.md` in a folder.
    choice
        The format, and the backend that wrote it.
    run, config
        The run's folder, and its configuration.
    step, parameters
        Steps done at the exported checkpoint; number of weights of the generator.
    images, difference
        Number of images that were compared with the run's, and the largest difference of a value.
    sha256
        SHA-256 of the file; empty for a folder.
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
