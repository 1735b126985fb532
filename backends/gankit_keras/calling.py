"""Call a user's model with its inputs, and with labels if it takes them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from gankit.errors import ConfigError, GankitError
from gankit_keras.framework import Tensor, keras, tf

LABELS = "labels"
UNTOLD = (
    "; it is called without classes: they go only to a parameter of call that is named 'labels'"
)
"""Hint in a network's error if the data has classes that it does not take."""
GIVEN = (LABELS, "training", "mask")
"""Arguments that gankit and Keras pass by keyword."""
VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True)
class Calling:
    """How a model takes its inputs and the classes of its images.

    Attributes
    ----------
    name
        "generator" or "discriminator".
    keyword
        Whether its `call` has a parameter `labels`.
    names
        Of a functional model of two inputs, `("", "")` or its keys: first that of the images or
        the noise, then that of the labels.
    swapped
        Whether the labels come first.
    untold
        Whether the data has classes that the model does not take.
    """

    name: str
    keyword: bool = False
    names: tuple[str, str] | None = None
    swapped: bool = False
    untold: bool = False

    @property
    def labelled(self) -> bool:
        """Whether the model takes labels."""
        return self.keyword or self.names is not None

    def __call__(
        self, model: keras.Model, inputs: Tensor, labels: Tensor, *, training: bool
    ) -> Tensor:
        """Return the model's outputs; a ConfigError that names it if it fails."""
        doing = "in training" if training else "in inference mode"
        shape = tuple(inputs.shape)
        hint = UNTOLD if self.untold else ""
        with blamed(self.name, model, f"{doing}, on inputs of {shape}", hint):
            if self.keyword:
                return model(inputs, labels=labels, training=training)
            return model(self._arranged(inputs, labels), training=training)

    def _arranged(self, inputs: Tensor, labels: Tensor) -> Any:  # noqa: ANN401 - as it is nested.
        if self.names is None:
            return inputs
        if any(self.names):
            return dict(zip(self.names, (inputs, labels), strict=True))
        return [labels, inputs] if self.swapped else [inputs, labels]


def calling(model: keras.Model, name: str, classes: int) -> Calling:
    """Return how the model called `name` takes its inputs; without `classes` it gets no labels.

    Raises
    ------
    ConfigError
        It needs an argument that gankit does not pass, or labels that the data lacks.
    """
    inputs = getattr(model, "inputs", None)
    if inputs and len(inputs) > 1:
        return _functional(model, name, classes)
    parameters = inspect.signature(model.call).parameters.values()
    others = [p for p in parameters if p.kind not in VARIABLE][1:]
    for p in others:
        if p.name not in GIVEN and p.default is p.empty:
            raise ConfigError(
                f"the {name}'s call needs an argument {p.name!r}; gankit gives the inputs, and "
                "classes to a parameter that is named 'labels'; give it a default, or rename it"
            )
        if p.name == LABELS and p.default is p.empty and not classes:
            raise ConfigError(f"the {name}'s call needs labels; the data has none; give labels")
    takes = any(p.name == LABELS for p in others)
    return Calling(name, keyword=bool(classes) and takes, untold=bool(classes) and not takes)


def _functional(model: keras.Model, name: str, classes: int) -> Calling:
    """Return how a functional model of several inputs takes them."""
    if len(model.inputs) > 2:
        raise ConfigError(
            f"the {name} has {len(model.inputs)} inputs; gankit gives at most two, noise or images "
            "and labels; make the others part of the model"
        )
    if not classes:
        raise ConfigError(f"the {name} has two inputs, but the data has no labels; give labels")
    struct = model.input
    if isinstance(struct, dict):
        keys = sorted(struct, key=lambda key: key == LABELS)
        if LABELS not in struct:
            raise ConfigError(
                f"the {name}'s inputs are {', '.join(map(repr, keys))}; name the one for the "
                "classes 'labels'"
            )
        return Calling(name, names=(keys[0], keys[1]))
    return Calling(name, names=("", ""), swapped=model.inputs[0].name == LABELS)


@contextmanager
def blamed(name: str, model: keras.Model, doing: str, hint: str) -> Iterator[None]:
    """Turn an error from inside a user's model into a ConfigError of one line.

    The line ends with the hint. gankit's own errors, and memory errors, propagate unchanged.
    """
    try:
        yield
    except (GankitError, MemoryError, tf.errors.ResourceExhaustedError):
        raise
    except Exception as error:
        kind = type(model).__name__
        raise ConfigError(
            f"the {name}, a {kind}, failed {doing}: {type(error).__name__}: {_reason(error)}{hint}"
        ) from error


def _reason(error: Exception) -> str:
    """Return the line of an error that has its reason; Keras frames it and prints it bold."""
    lines = [line.strip() for line in re.sub("\x1b\\[[0-9;]*m", "", str(error)).splitlines()]
    told = (line for line in lines if line and not line.startswith("Exception encountered"))
    return next(told, "no message")
