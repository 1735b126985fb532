"""Call a user's module with its inputs, and with labels if it takes them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

import torch
from torch import nn

from gankit.errors import ConfigError, GankitError

LABELS = "labels"
UNTOLD = (
    "; it is called without classes: they go only to a parameter of forward that is named 'labels'"
)
"""Hint in a network's error if the data has classes that it does not take."""
VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Labels(Enum):
    """How a module takes the classes of its images."""

    NONE = "the data has none"
    NOT = "not at all"
    SECOND = "as its second argument"
    KEYWORD = "by keyword"

    @property
    def taken(self) -> bool:
        """Whether the module is class-conditional."""
        return self in (Labels.SECOND, Labels.KEYWORD)


def takes_labels(module: nn.Module, name: str, classes: int) -> Labels:
    """Return how the `forward` of the network called `name` takes labels.

    Raises
    ------
    ConfigError
        `forward` needs an argument that gankit does not pass, or labels that the data lacks.
    """
    others = [p for p in _parameters(module) if p.kind not in VARIABLE][1:]
    for p in others:
        if p.name != LABELS and p.default is p.empty:
            raise ConfigError(
                f"the {name}'s forward needs an argument {p.name!r}; gankit gives the inputs, and "
                "classes to a parameter that is named 'labels'; give it a default, or rename it"
            )
        if p.name == LABELS and p.default is p.empty and not classes:
            raise ConfigError(f"the {name}'s forward needs labels; the data has none; give labels")
    if not classes:
        return Labels.NONE
    place = next((i for i, p in enumerate(others) if p.name == LABELS), None)
    if place is None:
        return Labels.NOT
    only = others[place].kind is inspect.Parameter.POSITIONAL_ONLY
    return Labels.SECOND if only and place == 0 else Labels.KEYWORD


@contextmanager
def blamed(name: str, module: nn.Module, doing: str, hint: str = "") -> Iterator[None]:
    """Turn an error from inside a user's module into a ConfigError of one line.

    The line ends with the hint. gankit's own errors, and memory errors, propagate unchanged.
    """
    try:
        yield
    except (GankitError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        reason = next((line for line in str(error).splitlines() if line.strip()), "no message")
        kind = type(module).__name__
        raise ConfigError(
            f"the {name}, a {kind}, failed {doing}: {type(error).__name__}: {reason.strip()}{hint}"
        ) from error


def _parameters(module: nn.Module) -> list[inspect.Parameter]:
    """Return the parameters of `forward`, also of a module wrapped for several devices."""
    if isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel):
        module = module.module
    return list(inspect.signature(module.forward).parameters.values())
