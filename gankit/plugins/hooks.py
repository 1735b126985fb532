"""The hooks that a plugin can implement.

A plugin is a module or object with an entry point in the group `gankit`:

    [project.entry-points.gankit]
    mine = "my_package"

Its functions have the names of hooks, and the decorator `gankit.hookimpl`. gankit imports the
module whenever it lists plugins, so it should not import a framework.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from gankit.config import TrainConfig
    from gankit.contract import Backend
    from gankit.data import Dataset
    from gankit.evaluation import Features
    from gankit.losses import Loss
    from gankit.penalties import NamedPenalty
    from gankit.recipes import Recipe
    from gankit.training import Callback

hookspec = pluggy.HookspecMarker("gankit")
hookimpl = pluggy.HookimplMarker("gankit")


@hookspec
def gankit_backends() -> Iterable[Backend]:  # type: ignore[empty-body]
    """Offer backends, for `--backend NAME`."""


@hookspec
def gankit_datasets() -> Iterable[Dataset]:  # type: ignore[empty-body]
    """Offer data sets, for `--dataset NAME`."""


@hookspec
def gankit_losses() -> Iterable[Loss]:  # type: ignore[empty-body]
    """Offer adversarial losses, for `loss = "NAME"` in a recipe."""


@hookspec
def gankit_penalties() -> Iterable[NamedPenalty]:  # type: ignore[empty-body]
    """Offer gradient penalties, for `penalties = ["NAME"]` in a recipe."""


@hookspec
def gankit_recipes() -> Iterable[Recipe]:  # type: ignore[empty-body]
    """Offer recipes, for `--recipe NAME`; `gankit.recipes.Recipe.read` reads a TOML file."""


@hookspec
def gankit_callbacks(  # type: ignore[empty-body]
    config: TrainConfig, folder: Path | None, settings: Mapping[str, Any]
) -> Iterable[Callback]:
    """Offer callbacks for a run of `config`, to call after gankit's own.

    `folder` is the run's folder, which may not exist yet, or None for a run in memory. `settings`
    is the table `[plugins.NAME]` of the run, with the name of the plugin's entry point, empty by
    default; the plugin checks it, and raises ConfigError. A plugin may leave out arguments that it
    does not need.
    """


@hookspec
def gankit_commands() -> Iterable[click.Command]:  # type: ignore[empty-body]
    """Offer commands, for `gankit NAME`."""


@hookspec
def gankit_features() -> Iterable[Features]:  # type: ignore[empty-body]
    """Offer features of images, for `gankit evaluate --features NAME`."""


NAMES = tuple(name for name in globals() if name.startswith("gankit_"))
OF_KIND = {
    "backend": "gankit_backends",
    "dataset": "gankit_datasets",
    "loss": "gankit_losses",
    "penalty": "gankit_penalties",
    "recipe": "gankit_recipes",
    "callback": "gankit_callbacks",
    "command": "gankit_commands",
    "features": "gankit_features",
}
"""The hook of each kind."""
