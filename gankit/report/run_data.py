"""Read a run's folder for a page, without a framework, a data set or a trainer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from gankit._text import counted, printable
from gankit._utils.storage import read_plain
from gankit.config import MOST_CONFIG_BYTES, parse_toml
from gankit.config.layering import flatten
from gankit.errors import CheckpointError, GankitError, OtherFormat
from gankit.launch.resume.check_settings import differing
from gankit.launch.resume.differences import in_words
from gankit.launch.resume.find_checkpoint import newest_info
from gankit.launch.resume.lasting_settings import DATA_SETTINGS
from gankit.launch.resume.recorded_config import recorded
from gankit.report.embedded_images import GRID_BYTES, EmbeddedImage, EmbeddedImages, embed_images
from gankit.runs import RunFolder, class_names, evaluation_log, loss_log, warning_log
from gankit.runs.loss_history import LossHistory
from gankit.runs.warning_log import Warned

Read = TypeVar("Read")


@dataclass(frozen=True)
class RunData:
    """The content of a run's folder.

    Attributes
    ----------
    name
        The run's name on the page.
    path
        Its folder.
    settings
        The values of `config.toml`, by dotted path.
    facts
        The values of `environment.json`.
    losses
        The losses of every step, with the terms.
    grids
        The sample grids.
    nearest
        The newest grid of generated images with their nearest training images, or None.
    evaluations
        Evaluations in the order of the log.
    warnings
        The run's warnings.
    damage
        A line for each part of the folder that cannot be read.
    class_names
        Names of the classes 0, 1, ...; empty if they have none.
    """

    name: str
    path: Path
    settings: Mapping[str, Any]
    facts: Mapping[str, Any]
    losses: LossHistory = field(repr=False)
    grids: EmbeddedImages = field(repr=False)
    nearest: EmbeddedImage | None = field(repr=False)
    evaluations: tuple[Mapping[str, Any], ...] = field(repr=False)
    warnings: tuple[Warned, ...]
    damage: tuple[str, ...]
    class_names: tuple[str, ...] = ()

    def with_dataset(self, path: str) -> RunData:
        """Return the same run with another data set path in its settings."""
        return dataclasses.replace(self, settings={**self.settings, "dataset": path})

    @property
    def steps(self) -> int:
        """Number of steps in the log."""
        return len(self.losses)


class _Reader:
    """Reads the parts of a folder, and collects a line for each that cannot be read."""

    def __init__(self) -> None:
        self.damage: list[str] = []

    def read_or(self, read: Callable[[], Read], default: Read) -> Read:
        """Return the result of `read`, or `default` if it fails."""
        try:
            return read()
        except OtherFormat:
            raise
        except GankitError as error:
            self.damage.append(str(error))
            return default

    def settings(self, folder: RunFolder, info: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the settings in `config.toml`; `info` is that of the newest checkpoint."""
        settings: dict[str, Any] = self.read_or(lambda: _settings(folder.config), {})
        changed: list[str] = self.read_or(lambda: _changed(folder, info), []) if settings else []
        if changed:
            self.damage.append(
                f"{folder.config} was changed: {in_words(changed)}; the page shows it as changed"
            )
        return settings

    def losses(self, path: Path, digest: object) -> LossHistory:
        """Return the losses before the first damaged line.

        `digest` is the log's digest in the newest checkpoint.
        """
        losses, damage = loss_log.read_valid(path)
        if damage:
            self.damage.append(f"{damage}; the page shows {counted(len(losses), 'step')} before it")
        elif changed := loss_log.fault(path, digest):
            self.damage.append(f"{changed}; the page shows it as changed")
        return losses

    def images(self, folder: Path, most: int, budget: int = GRID_BYTES) -> EmbeddedImages:
        """Return the complete images of a folder."""
        found = embed_images(folder, most, budget)
        self.damage += found.damage
        return found


def read_run_data(path: Path, name: str, most: int, budget: int = GRID_BYTES) -> RunData:
    """Read a run's folder; damaged parts are reported and left out.

    Parameters
    ----------
    path
        The folder.
    name
        The run's name on the page.
    most, budget
        The most sample grids, and the most bytes of all of them.

    Raises
    ------
    CheckpointError
        The folder contains no run.
    """
    folder, reader = RunFolder.open(path), _Reader()
    info = newest_info(folder)
    nearest = reader.images(folder.nearest_path(0).parent, 1).shown
    return RunData(
        name=name,
        path=folder.path,
        settings=reader.settings(folder, info),
        facts=folder.facts(),
        losses=reader.losses(folder.losses, info.get("log")),
        grids=reader.images(folder.samples, most, budget),
        nearest=nearest[-1] if nearest else None,
        evaluations=tuple(reader.read_or(lambda: evaluation_log.read(folder.evaluations), [])),
        warnings=tuple(reader.read_or(lambda: warning_log.read(folder.warnings), [])),
        damage=tuple(reader.damage),
        class_names=class_names.read(folder.classes),
    )


def names_of(folders: list[Path]) -> list[str]:
    """Return a name for each folder: the folder's name, or its path if two have the same name.

    >>> names_of([Path("runs/a"), Path("other/a"), Path("b")])
    ['runs/a', 'other/a', 'b']
    """
    own = [printable(path.resolve().name or path) for path in folders]
    return [
        name if own.count(name) == 1 else printable(path)
        for name, path in zip(own, folders, strict=True)
    ]


def _settings(path: Path) -> dict[str, Any]:
    """Return the values of a configuration file, by dotted path."""
    text = read_plain(path, MOST_CONFIG_BYTES).decode("utf-8", "replace")
    try:
        return dict(flatten(parse_toml(text, str(path))))
    except RecursionError:
        raise CheckpointError(f"{path} is nested too deeply") from None


def _changed(folder: RunFolder, info: Mapping[str, Any]) -> list[str]:
    """Return a text for each difference of `config.toml` from the settings of the training."""
    config = recorded(folder.path)
    return differing(config, folder.path, info, but=DATA_SETTINGS) if info else []
