"""Call a user's model with its inputs, and with labels if it takes them."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from gankit.errors import ConfigError, GankitError
from gankit_keras.keras_import import Tensor, keras

LABELS = "labels"
NO_LABELS_HINT = (
    "; gankit calls it without classes: it passes them only to a parameter of call named 'labels'"
)
"""Hint in a network's error if the data has classes that the network does not take."""
PASSED = (LABELS, "training", "mask")
"""Arguments that gankit and Keras pass by keyword."""
OUT_OF_MEMORY = ("ResourceExhaustedError", "OutOfMemoryError")
"""TensorFlow's and torch's error, by name: only one of the two is imported."""
VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True)
class NativeCall:
    """How a model takes its inputs and the classes of its images.

    Attributes
    ----------
    name
        "generator" or "discriminator".
    keyword
        Whether its `call` has a parameter `labels`.
    names
        The keys of a functional model's inputs, that of the labels last; empty strings if the
        inputs are a list, None for other models.
    labelled
        Whether the labels are among these inputs.
    labels_first
        Whether they come first in the list.
    ignores_classes
        Whether the data has classes that the model does not take.
    """

    name: str
    keyword: bool = False
    names: tuple[str, ...] | None = None
    labelled: bool = False
    labels_first: bool = False
    ignores_classes: bool = False

    @property
    def takes_labels(self) -> bool:
        """Whether the model takes labels."""
        return self.keyword or self.labelled

    def __call__(
        self, model: keras.Model, inputs: tuple[Tensor, ...], labels: Tensor, *, training: bool
    ) -> Tensor:
        """Return the model's outputs; raise a ConfigError that names it if it fails."""
        mode = "in training" if training else "in inference mode"
        action = f"{mode}, on inputs of {' and '.join(str(tuple(x.shape)) for x in inputs)}"
        hint = NO_LABELS_HINT if self.ignores_classes else ""
        with name_in_errors(self.name, model, action, hint):
            if self.names is not None:
                return model(self._arrange(inputs, labels), training=training)
            named = {LABELS: labels} if self.keyword else {}
            return model(*inputs, **named, training=training)

    def _arrange(
        self, inputs: tuple[Tensor, ...], labels: Tensor
    ) -> dict[str, Tensor] | list[Tensor]:
        given = [*inputs, *([labels] if self.labelled else [])]
        if self.names and any(self.names):
            return dict(zip(self.names, given, strict=True))
        return [labels, *inputs] if self.labels_first else given


def native_call(
    model: keras.Model, name: str, classes: int, values: Sequence[str] = ("inputs",)
) -> NativeCall:
    """Return how the network called `name` takes its inputs; without `classes` it gets no labels.

    It takes the `values`, such as "noise" and "source", in their order.

    Raises
    ------
    ConfigError
        It needs an argument that gankit does not pass, or labels that the data lacks, or does not
        take all inputs.
    """
    inputs = getattr(model, "inputs", None)
    if inputs and len(inputs) > 1:
        return _functional(model, name, classes, values)
    parameters = inspect.signature(model.call).parameters.values()
    named = [p for p in parameters if p.kind not in VARIABLE]
    taken = list(itertools.takewhile(_is_input, named))
    unbounded = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters)
    if len(taken) < len(values) > 1 and (inputs or not unbounded):
        raise ConfigError(
            f"the {name}'s call takes {len(taken)} of the {len(values)} inputs that gankit "
            f"passes, in this order: {', '.join(values)}"
        )
    others = named[max(1, min(len(taken), len(values))) :]
    for p in others:
        if p.name not in PASSED and p.default is p.empty:
            raise ConfigError(
                f"the {name}'s call needs an argument {p.name!r}; gankit passes the inputs, and "
                "classes to a parameter named 'labels'; give it a default, or rename it"
            )
        if p.name == LABELS and p.default is p.empty and not classes:
            raise ConfigError(
                f"the {name}'s call needs labels; the data has none; give labels=, or "
                "labels=True for the labels of a data set"
            )
    keyword = any(p.name == LABELS for p in others)
    has_classes = bool(classes)
    return NativeCall(
        name, keyword=has_classes and keyword, ignores_classes=has_classes and not keyword
    )


def _functional(model: keras.Model, name: str, classes: int, values: Sequence[str]) -> NativeCall:
    """Return how a functional model of several inputs takes them."""
    found, inputs = len(model.inputs), model.input
    labelled = found == len(values) + 1
    unknown = isinstance(inputs, dict) and LABELS in inputs
    if not labelled and (found != len(values) or unknown):
        raise ConfigError(
            f"the {name} has {found} inputs; gankit passes {', '.join(values)} and, if the data "
            "has them, labels"
        )
    if labelled and not classes:
        raise ConfigError(
            f"the {name} has {found} inputs, one for labels, but the data has no labels; give "
            "labels"
        )
    unused = bool(classes) and not labelled
    if isinstance(inputs, dict):
        keys = sorted(inputs, key=lambda key: key == LABELS)
        if labelled and LABELS not in inputs:
            raise ConfigError(
                f"the {name}'s inputs are {', '.join(map(repr, keys))}; name the one for the "
                "classes 'labels'"
            )
        return NativeCall(name, names=tuple(keys), labelled=labelled, ignores_classes=unused)
    first = labelled and model.inputs[0].name == LABELS
    empty = ("",) * found
    return NativeCall(
        name, names=empty, labelled=labelled, labels_first=first, ignores_classes=unused
    )


def _is_input(parameter: inspect.Parameter) -> bool:
    """Return whether a parameter may take an input by position."""
    return parameter.name not in PASSED and parameter.kind is not inspect.Parameter.KEYWORD_ONLY


@contextmanager
def name_in_errors(name: str, model: keras.Model, action: str, hint: str) -> Iterator[None]:
    """Turn an error from inside a user's model into a ConfigError of one line.

    The line ends with the hint. gankit's own errors, and memory errors, propagate unchanged.
    """
    try:
        yield
    except (GankitError, MemoryError):
        raise
    except Exception as error:
        if type(error).__name__ in OUT_OF_MEMORY:
            raise
        kind = type(model).__name__
        raise ConfigError(
            f"the {name}, a {kind}, failed {action}: {type(error).__name__}: {_reason(error)}{hint}"
        ) from error


def _reason(error: Exception) -> str:
    """Return the line of an error that gives its reason, without the numbers of arrays.

    Keras adds lines and colours, to a KeyError too, whose text is that of its argument.
    """
    text = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
    text = re.sub("\x1b\\[[0-9;]*m", "", text)
    text = re.sub(r"\[\[[-+.,\deinfa\s\[\]]*\]\]", "[...]", text)
    lines = [line.strip() for line in text.splitlines()]
    reasons = (line for line in lines if line and not line.startswith("Exception encountered"))
    return next(reasons, "no message")
