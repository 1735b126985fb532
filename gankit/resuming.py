"""Taking a run up where it stopped: whether it is the same run, and from which checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gankit.config import LIMIT, TrainConfig, from_toml
from gankit.errors import CheckpointError, ConfigError
from gankit.runs import Checkpoint, RunFolder, evaluations
from gankit.runs.storage import read_plain
from gankit.sources import Source, from_recipe
from gankit.training_data import warn

CHANGEABLE = {
    "backend", "device", "epochs", "steps", "sample_every", "checkpoint_every", "keep_checkpoints",
    "evaluate_every", "evaluate_samples",
}  # fmt: skip
"""What may differ when a run is resumed: nothing of it changes a number."""


def recorded(path: Path) -> TrainConfig:
    """Return the configuration of the run in a folder; CheckpointError if there is none."""
    folder = RunFolder.open(path)
    try:
        return from_toml(read_plain(folder.config, LIMIT).decode(), str(folder.config))
    except UnicodeDecodeError as error:
        raise CheckpointError(f"cannot read {folder.config}: {error}") from None
    except ConfigError as error:
        raise CheckpointError(str(error)) from None


def base(recipe: str | None, run: Path | None, default: str = "simple") -> Source:
    """Return what a run's settings lie over: those of the run that is resumed, or a recipe's.

    Raises
    ------
    ConfigError
        The run in the folder is of another recipe than the one that is asked for.
    """
    if run is None or not RunFolder(run).exists():
        return from_recipe(recipe or default)
    settings = recorded(run).settings()
    if recipe is not None and Path(recipe).name != settings["recipe"]:
        raise ConfigError(
            f"{run} is a run of {settings['recipe']!r}, not of {recipe!r}; choose another --out"
        )
    return str(run), settings


def check_same(folder: RunFolder, config: TrainConfig, data: str) -> None:
    """Refuse to go on with a run whose numbers would be others from here on.

    Parameters
    ----------
    data
        The digest of the images.
    """
    before, now = (_lasting(run) for run in (recorded(folder.path), config))
    for key in sorted(before.keys() | now.keys()):
        if before.get(key) != now.get(key):
            raise ConfigError(f"{folder.path} is a run with another {key}; choose another --out")
    if folder.facts().get("data_digest", data) != data:
        raise ConfigError(
            f"{folder.path} is a run on other images than {config.dataset} has now; "
            "choose another --out"
        )


def check_loss(folder: RunFolder, name: str, digest: str | None) -> None:
    """Refuse to go on with another loss under the same name.

    Parameters
    ----------
    digest
        That of the loss to go on with: `gankit.loss_digest`.

    Raises
    ------
    ConfigError
        The run recorded another one.
    """
    recorded_digest = folder.facts().get("loss_digest")
    if recorded_digest and digest != recorded_digest:
        raise ConfigError(
            f"{folder.path}: loss {name!r} returns other values or gradients than the one that "
            "the run was trained with; give the same Loss, or choose another --out"
        )


def newest(folder: RunFolder) -> Checkpoint | None:
    """Return the newest whole checkpoint of the run, or None where there never was one.

    Raises
    ------
    CheckpointError
        There are some, and none is whole and of this run, or one was written by a newer gankit.
    """
    refused: list[str] = []
    checkpoint = folder.checkpoints.newest_valid(refused.append)
    if refused and checkpoint is None:
        own = folder.checkpoints.steps()
        lacks = "is whole" if own else f"has the mark in {folder.environment.name}"
        raise CheckpointError(
            f"no checkpoint in {folder.path} {lacks}; start in another folder ({refused[-1]})"
        )
    for line in refused:
        passed_over(line)
    return checkpoint


def passed_over(line: str) -> None:
    """Warn of a checkpoint that was not taken; `line` says which, and why."""
    warn(f"passed over: {line}")


def best(
    folder: RunFolder, complain: Callable[[str], None] = lambda _: None
) -> evaluations.Row | None:
    """Return the evaluation of the best round that has a checkpoint; None where there is none.

    Parameters
    ----------
    complain
        Is given one line for each checkpoint of another run.

    Raises
    ------
    CheckpointError
        The log of evaluations or the configuration is damaged.
    """
    rows = evaluations.read(folder.evaluations)
    if not rows:
        return None
    samples = recorded(folder.path).evaluate_samples
    return evaluations.best(rows, folder.checkpoints.steps(complain), samples)


def last_good(folder: RunFolder | None) -> str:
    """Say where a run that has diverged can be taken up again."""
    if folder is None:
        return "nothing was kept, for the run has no folder"
    last = folder.checkpoints.newest_valid()
    return f"the last good checkpoint is {last.path}" if last else "there is no checkpoint yet"


def _lasting(config: TrainConfig) -> dict[str, Any]:
    return {key: value for key, value in config.settings().items() if key not in CHANGEABLE}
