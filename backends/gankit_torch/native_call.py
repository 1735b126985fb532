"""Call a user's module with its inputs, and with labels if it takes them."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum

import torch
from torch import nn

from gankit.errors import ConfigError, GankitError

LABELS = "labels"
NO_LABELS_HINT = (
    "; gankit calls it without classes: it passes them only to a parameter of forward named "
    "'labels'"
)
"""Hint in a network's error if the data has classes that the network does not take."""
VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class LabelsArgument(Enum):
    """How a module takes the classes of its images."""

    NO_CLASSES = "the data has no classes"
    NOT_TAKEN = "not at all"
    NEXT = "as the argument after its inputs"
    KEYWORD = "by keyword"

    @property
    def taken(self) -> bool:
        """Whether the module is class-conditional."""
        return self in (LabelsArgument.NEXT, LabelsArgument.KEYWORD)


def labels_argument(
    module: nn.Module, name: str, classes: int, inputs: Sequence[str] = ("inputs",)
) -> LabelsArgument:
    """Return how the `forward` of the network called `name` takes labels.

    It takes the `inputs` by position, in their order.

    Raises
    ------
    ConfigError
        `forward` needs an argument that gankit does not pass, or labels that the data lacks, or
        does not take all inputs.
    """
    parameters = _parameters(module)
    named = [p for p in parameters if p.kind not in VARIABLE]
    taken = list(itertools.takewhile(_is_input, named))
    unbounded = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters)
    if len(taken) < len(inputs) > 1 and not unbounded:
        raise ConfigError(
            f"the {name}'s forward takes {len(taken)} of the {len(inputs)} inputs that gankit "
            f"passes, in this order: {', '.join(inputs)}"
        )
    others = named[max(1, min(len(taken), len(inputs))) :]
    for p in others:
        if p.name != LABELS and p.default is p.empty:
            raise ConfigError(
                f"the {name}'s forward needs an argument {p.name!r}; gankit passes the inputs, and "
                "classes to a parameter named 'labels'; give it a default, or rename it"
            )
        if p.name == LABELS and p.default is p.empty and not classes:
            raise ConfigError(
                f"the {name}'s forward needs labels; the data has none; give labels=, or "
                "labels=True for the labels of a data set"
            )
    if not classes:
        return LabelsArgument.NO_CLASSES
    position = next((i for i, p in enumerate(others) if p.name == LABELS), None)
    if position is None:
        return LabelsArgument.NOT_TAKEN
    positional_only = others[position].kind is inspect.Parameter.POSITIONAL_ONLY
    if positional_only and position == 0:
        return LabelsArgument.NEXT
    return LabelsArgument.KEYWORD


@contextmanager
def name_in_errors(name: str, module: nn.Module, action: str, hint: str = "") -> Iterator[None]:
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
            f"the {name}, a {kind}, failed {action}: {type(error).__name__}: {reason.strip()}{hint}"
        ) from error


def _is_input(parameter: inspect.Parameter) -> bool:
    """Return whether a parameter may take an input by position."""
    return parameter.name != LABELS and parameter.kind is not inspect.Parameter.KEYWORD_ONLY


def _parameters(module: nn.Module) -> list[inspect.Parameter]:
    """Return the parameters of `forward`, also of a module wrapped for several devices."""
    if isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel):
        module = module.module
    return list(inspect.signature(module.forward).parameters.values())
