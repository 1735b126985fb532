"""Read a run's folder for a page; no framework, data set or trainer is needed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from gankit._text import printable
from gankit._utils.storage import read_plain
from gankit.config import MOST_CONFIG_BYTES, parse_toml
from gankit.config.layering import flatten
from gankit.contract import Array
from gankit.errors import CheckpointError, GankitError, OtherFormat
from gankit.launch.resume.check_settings import differing
from gankit.launch.resume.differences import in_words
from gankit.launch.resume.find_checkpoint import newest_info
from gankit.launch.resume.lasting_settings import DATA_SETTINGS
from gankit.launch.resume.recorded_config import recorded
from gankit.report.embedded_images import BUDGET, Picture, Pictures, pictures_of
from gankit.runs import RunFolder, class_names, evaluation_log, warning_log
from gankit.runs import loss_log as metrics_log
from gankit.runs.warning_log import Warned

Read = TypeVar("Read")


@dataclass(frozen=True)
class Gathered:
    """One run.

    Attributes
    ----------
    name
        What the page calls it.
    path
        Its folder.
    settings
        What `config.toml` says, by dotted path.
    facts
        What `environment.json` says.
    losses
        `(steps, 2)` float64: the discriminator's and the generator's.
    grids
        Its sample grids.
    nearest
        The newest picture of generated images and the training images nearest to them.
    evaluations
        In the order in which they were made.
    warnings
        What it was warned of.
    damage
        What of the folder could not be read, a line each.
    class_names
        What the classes 0, 1, ... stand for; empty if they have no names.
    """

    name: str
    path: Path
    settings: Mapping[str, Any]
    facts: Mapping[str, Any]
    losses: Array = field(repr=False)
    grids: Pictures = field(repr=False)
    nearest: Picture | None = field(repr=False)
    evaluations: tuple[Mapping[str, Any], ...] = field(repr=False)
    warnings: tuple[Warned, ...]
    damage: tuple[str, ...]
    class_names: tuple[str, ...] = ()

    def with_dataset(self, place: str) -> Gathered:
        """Return the same run with another data set path in its settings."""
        return dataclasses.replace(self, settings={**self.settings, "dataset": place})

    @property
    def steps(self) -> int:
        """Steps that its log has."""
        return len(self.losses)


class _Reader:
    """Reads one part after the other, and collects what could not be read."""

    def __init__(self) -> None:
        self.damage: list[str] = []

    def take(self, read: Callable[[], Read], otherwise: Read) -> Read:
        """Return what `read` returns, or `otherwise` if it fails."""
        try:
            return read()
        except OtherFormat:
            raise
        except GankitError as error:
            self.damage.append(str(error))
            return otherwise

    def settings(self, folder: RunFolder, info: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what `config.toml` says now; `info` is what the newest checkpoint says."""
        settings: dict[str, Any] = self.take(lambda: _settings(folder.config), {})
        changed: list[str] = self.take(lambda: _changed(folder, info), []) if settings else []
        if changed:
            self.damage.append(
                f"{folder.config} was changed: {in_words(changed)}; shown is what it has now"
            )
        return settings

    def losses(self, path: Path, digest: object) -> Array:
        """Return the losses before the first damage; `digest` is the newest checkpoint's of it."""
        losses, damage = metrics_log.read_valid(path)
        if damage:
            self.damage.append(f"{damage}; shown are the {len(losses):,} steps before")
        elif changed := metrics_log.fault(path, digest):
            self.damage.append(f"{changed}; shown is what it has now")
        return losses

    def pictures(self, folder: Path, most: int, budget: int = BUDGET) -> Pictures:
        """Return the pictures that are complete."""
        found = pictures_of(folder, most, budget)
        self.damage += found.damage
        return found


def gather(path: Path, name: str, most: int, budget: int = BUDGET) -> Gathered:
    """Read a run's folder; damaged parts are reported and left out.

    Parameters
    ----------
    most, budget
        Grids to show, and bytes that they may take.

    Raises
    ------
    CheckpointError
        The folder holds no run.
    """
    folder, reader = RunFolder.open(path), _Reader()
    info = newest_info(folder)
    nearest = reader.pictures(folder.nearest_path(0).parent, 1).shown
    return Gathered(
        name=name,
        path=folder.path,
        settings=reader.settings(folder, info),
        facts=folder.facts(),
        losses=reader.losses(folder.metrics, info.get("log")),
        grids=reader.pictures(folder.samples, most, budget),
        nearest=nearest[-1] if nearest else None,
        evaluations=tuple(reader.take(lambda: evaluation_log.read(folder.evaluations), [])),
        warnings=tuple(reader.take(lambda: warning_log.read(folder.warnings), [])),
        damage=tuple(reader.damage),
        class_names=class_names.read(folder.classes),
    )


def names_of(folders: list[Path]) -> list[str]:
    """Return a name for each folder: its own, or its path if others share the name.

    >>> names_of([Path("runs/a"), Path("other/a"), Path("b")])
    ['runs/a', 'other/a', 'b']
    """
    own = [printable(path.resolve().name or path) for path in folders]
    return [
        name if own.count(name) == 1 else printable(path)
        for name, path in zip(own, folders, strict=True)
    ]


def _settings(path: Path) -> dict[str, Any]:
    """Return the values of a configuration, by dotted path."""
    text = read_plain(path, MOST_CONFIG_BYTES).decode("utf-8", "replace")
    try:
        return dict(flatten(parse_toml(text, str(path))))
    except RecursionError:
        raise CheckpointError(f"{path} is nested too deeply") from None


def _changed(folder: RunFolder, info: Mapping[str, Any]) -> list[str]:
    """Return how `config.toml` differs from what the run was trained with, a text for each."""
    config = recorded(folder.path)
    return differing(config, folder.path, info, but=DATA_SETTINGS) if info else []
