"""The configuration that a run recorded in its folder."""

from __future__ import annotations

from pathlib import Path

from gankit._utils.storage import read_plain
from gankit.config import MOST_CONFIG_BYTES, TrainConfig, from_settings
from gankit.config.layering import Source
from gankit.config.train_config import parse_toml
from gankit.errors import CheckpointError, ConfigError, folded, written_earlier
from gankit.runs import RunFolder


def recorded(path: Path) -> TrainConfig:
    """Return the configuration of the run in a folder; raise CheckpointError if there is none."""
    folder = RunFolder.open(path)
    source = str(folder.config)
    try:
        settings = parse_toml(read_plain(folder.config, MOST_CONFIG_BYTES).decode(), source)
        if "rounds_per_epoch" in settings:
            raise written_earlier(source)
        return from_settings(settings, source)
    except UnicodeDecodeError as error:
        raise CheckpointError(f"cannot read {source}: {error}") from None
    except ConfigError as error:
        raise CheckpointError(str(error)) from None


def base(recipe: str | None, run: Path) -> Source:
    """Return the settings of a resumed run, for the lowest priority.

    Raises
    ------
    ConfigError
        The run in the folder has another recipe than the requested one.
    """
    config = recorded(run)
    if recipe is not None and folded(Path(recipe).name) != folded(config.recipe):
        raise ConfigError(
            f"{run} was trained with recipe {config.recipe!r}, not {recipe!r}; choose another --out"
        )
    return str(run), config.settings()
