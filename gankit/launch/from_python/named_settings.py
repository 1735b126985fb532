"""Replace objects in settings by their names, as a configuration has them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, NamedTuple

from gankit import plugins
from gankit._utils.field_types import as_tuple
from gankit.codes import Code
from gankit.conditions import Condition
from gankit.config import learning_rates
from gankit.config.settings import Settings
from gankit.contract import Backend
from gankit.data import Dataset, ImageOptions, is_path
from gankit.data.as_array import is_array
from gankit.data.memory_data import MEMORY
from gankit.errors import ConfigError, shown
from gankit.layers import Layer
from gankit.losses import Loss
from gankit.penalties import Penalty
from gankit.terms import Term

SETTING_REMEDIES = {
    **learning_rates.remedies("{}={'optimizer': {'learning_rate': ...}}"),
    **{f"{role}_optimizer": f"{role}={{'optimizer': ...}}" for role in learning_rates.ROLES},
    **{field.name: f"images={{'{field.name}': ...}}" for field in fields(ImageOptions)},
}
"""What to write for keyword arguments that `gankit.train` takes in a table."""


class NamedSettings(NamedTuple):
    """Settings with names in place of objects, and the objects.

    Attributes
    ----------
    settings
        As a configuration file has them.
    loss, backend
        The objects that were given; None if a name, or nothing, was given.
    images
        What was given as images in place of a data set, not read; None for a name or a path.
    """

    settings: dict[str, Any]
    loss: Loss | None
    backend: Backend | None
    images: object


def named_settings(settings: Settings) -> NamedSettings:
    """Return settings with names in place of objects; ConfigError for an invalid data set."""
    named: dict[str, Any] = dict(settings)
    loss, backend, images = named.get("loss"), named.get("backend"), None
    if "loss" in named:
        given = _checked_loss(loss)
        named["loss"] = given.name if isinstance(given, Loss) else given
    if isinstance(backend, Backend):
        named["backend"] = backend.name
    if is_array(named.get("images")):
        raise ConfigError(
            "images: got an array; expected options, as in images={'size': [32, 32]}; give the "
            "pictures by dataset="
        )
    if (dataset := named.get("dataset")) is not None:
        if isinstance(dataset, str | os.PathLike | Dataset):
            named["dataset"] = _named_dataset(dataset)
        else:
            named["dataset"], images = MEMORY, dataset
    if isinstance(named.get("penalties"), Penalty | str):
        named["penalties"] = (named["penalties"],)
    for name, kind in (("codes", Code), ("conditions", Condition), ("terms", Term)):
        if isinstance(named.get(name), kind):
            named[name] = (named[name],)
    if isinstance(named.get("freeze"), str):
        named["freeze"] = (named["freeze"],)
    for role in ("generator", "discriminator"):
        if isinstance(layers := named.get(role), list | tuple | Layer):
            named[role] = {"layers": layers if isinstance(layers, list | tuple) else [layers]}
    return NamedSettings(
        named,
        loss if isinstance(loss, Loss) else None,
        backend if isinstance(backend, Backend) else None,
        images,
    )


def loss_of(given: str | Loss) -> Loss:
    """Return a loss, given as itself or by its name."""
    given = _checked_loss(given)
    return given if isinstance(given, Loss) else plugins.get_loss(given)


def _checked_loss(given: Any) -> str | Loss:  # noqa: ANN401 - users pass many types.
    """Return what was given as a loss; ConfigError unless it is one, or a name."""
    if not isinstance(given, str | Loss):
        raise ConfigError(f"loss: got {shown(given)}; expected a name, or a gankit.losses.Loss")
    return given


def penalties_of(given: Penalty | str | Iterable[Penalty | str]) -> tuple[Penalty, ...]:
    """Return penalties, each given as itself or by its name."""
    return tuple(
        plugins.get_penalty(one) if isinstance(one, str) else one for one in as_tuple(given)
    )


def _named_dataset(dataset: str | os.PathLike[str] | Dataset) -> str:
    """Return the name of a registered data set, a name unchanged, or a path as text."""
    if isinstance(dataset, Dataset):
        if plugins.datasets().get(dataset.name) != dataset:
            raise ConfigError(
                f"dataset: {dataset.name!r} is not registered; call gankit.register(dataset) first"
            )
        return dataset.name
    if isinstance(dataset, os.PathLike):  # Path("faces") is a path, though "faces" is a name.
        path = os.fspath(dataset)
        return path if is_path(path) else f"{os.curdir}{os.sep}{path}"
    return dataset
