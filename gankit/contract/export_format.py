"""The description of a format in which a backend exports a network."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit._utils.state import State
from gankit.codes import Code, columns
from gankit.conditions import Condition
from gankit.contract.label_format import NO_LABELS, LabelFormat
from gankit.contract.network_inputs import NOISE, REAL
from gankit.contract.problem import Problem
from gankit.contract.specification import Array
from gankit.errors import ConfigError
from gankit.layers import Shape, Spec, as_spec, output_shape, uses_labels
from gankit.terms import CLASS, DISCRIMINATOR, GENERATOR

Inputs: TypeAlias = Mapping[str, NDArray[Any]]
"""The inputs of a network by the names of `ExportedNetwork.parts`, in that order, float32. Of a
generator: "noise", `(n, latent)`, and for each code "code_NAME", `(n, size)`; "source", `(n,
height, width, channels)` in [-1, 1]. If the network is conditional, "labels" come last: classes,
`(n,)` int64, or vectors, `(n, d)` float32."""
Ran: TypeAlias = Callable[[Inputs], Array]
"""A network loaded from its file: inputs to the output of its layers, of a generator `(n, height,
width, channels)` images."""

ONNX_SNIPPET = """\
import onnxruntime

session = onnxruntime.InferenceSession({path}, providers=["CPUExecutionProvider"])
({output},) = session.run(["{output}"], inputs)
"""
"""Python code that runs an ONNX file."""
IMAGES, LOGITS, LABELS = "images", "logits", "labels"
"""The outputs of a generator and of a network that makes logits, and the labels of a conditional
network as an input."""


def input_columns(latent: int, codes: Sequence[Code]) -> dict[str, slice]:
    """Return the columns of the noise of each input, by its name: "noise", then those of codes.

    Parameters
    ----------
    latent
        Number of normal columns.
    codes
        The codes, whose names may have "-", which becomes "_".

    Raises
    ------
    ConfigError
        Two codes would have inputs of one name.

    >>> input_columns(62, [Code("digit", "categorical", 10)])
    {'noise': slice(0, 62, None), 'code_digit': slice(62, 72, None)}
    """
    sizes = [(f"code_{code.name.replace('-', '_')}", code.size) for code in codes]
    found = {"noise": slice(0, latent)} | columns(sizes, latent)
    if len(found) <= len(codes):
        names = ", ".join(code.name for code in codes)
        raise ConfigError(f"codes: got {names}; two have inputs of one name; rename one to export")
    return found


@dataclass(frozen=True)
class ExportedNetwork:
    """A network that a format writes: its layers, and its inputs and its output by name.

    Attributes
    ----------
    name
        "generator", "discriminator", or the name of a further network.
    layers
        Its layers; those that `Export.write` gets have no spectral norm.
    inputs
        The parts of each of its inputs, in order: their shapes without the batch, by name. Several
        parts, such as the noise and its codes, are rows that are joined.
    output, output_shape
        The name of what its layers make, and its shape without the batch. It is "images" of a
        generator, "logits" of a network on the discriminator's side, and of another one the value
        that its first pass makes. Logits are one column, with heads more, or a map of them.
    labels
        The form of the labels that it takes; empty if it takes none.
    conditions
        The columns of labels that are vectors; empty for others.
    heads
        The heads of a discriminator: the number of columns of each, by its name, which follow the
        logit in this order; empty for others.
    """

    name: str
    layers: Spec
    inputs: tuple[Mapping[str, Shape], ...]
    output: str
    output_shape: Shape
    labels: LabelFormat = NO_LABELS
    conditions: tuple[Condition, ...] = ()
    heads: Mapping[str, int] = field(default_factory=dict)

    @property
    def named_classes(self) -> int:
        """The number of classes of its labels, or of its head "class"; 0 without either."""
        return self.labels.classes or self.heads.get(CLASS, 0)

    @property
    def parts(self) -> dict[str, Shape]:
        """The shape of each part of each input, by name, without labels."""
        return {name: shape for parts in self.inputs for name, shape in parts.items()}

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """The shape of each input."""
        return tuple(map(_joined, self.inputs))

    def arguments(self, given: Inputs) -> Array | tuple[Array, ...]:
        """Return what a `gankit.contract.Network` is called with, besides labels.

        Parameters
        ----------
        given
            Its inputs by name, labels too if it takes some.
        """
        arrays = tuple(np.concatenate([given[name] for name in parts], 1) for parts in self.inputs)
        return arrays if len(arrays) > 1 else arrays[0]


def _joined(parts: Mapping[str, Shape]) -> Shape:
    """Return the shape of an input of these parts."""
    first, *others = parts.values()
    return (first[0] + sum(shape[0] for shape in others),) if others else first


def exported_network(problem: Problem, name: str = GENERATOR) -> ExportedNetwork:
    """Return the description of a network of layers, as it is exported.

    Parameters
    ----------
    problem
        The problem.
    name
        The generator, by default, the discriminator, or a further network.

    Raises
    ------
    ConfigError
        Two of its inputs would have one name.
    """
    layers = as_spec(problem.spec_of(name), name)
    values, output = _values(problem, name)
    takes = problem.label_format if uses_labels(layers) else NO_LABELS
    inputs = tuple(_parts(problem, value) for value in values)
    found = ExportedNetwork(
        name=name,
        layers=layers,
        inputs=inputs,
        output=output,
        output_shape=output_shape(layers, problem.input_shapes(name)),
        labels=takes,
        conditions=problem.conditions if takes.columns else (),
        heads=problem.all_heads if name == DISCRIMINATOR else {},
    )
    if len({*found.parts, output, LABELS}) < sum(map(len, inputs)) + 2:
        place = name if name == DISCRIMINATOR else f"networks.{name}"
        raise ConfigError(
            f"{place}: got {', '.join(values)}, and it makes {output}; two of them, or one "
            "of them and labels, have one name; rename a pass to export it"
        )
    return found


def _values(problem: Problem, name: str) -> tuple[tuple[str, ...], str]:
    """Return the values that a network takes, and the name of what it makes.

    They are those of its first pass, or of the real half of its first adversarial loss.
    """
    if name == GENERATOR:
        return problem.inputs, IMAGES
    if problem.criticises(name):
        critique = next(each for each in problem.critiques if each.network == name)
        return critique.sees[REAL], LOGITS
    value = problem.values.made_by(name)
    return problem.values.passes[value].inputs, _plain(value)


def _parts(problem: Problem, value: str) -> dict[str, Shape]:
    """Return the shapes of the parts of a value by name; those of the noise have codes."""
    if value == NOISE:
        places = input_columns(problem.latent, problem.codes)
        return {name: (place.stop - place.start,) for name, place in places.items()}
    return {_plain(value): problem.values.shape(value)}


def _plain(value: str) -> str:
    """Return the name of a value for other tools, which want names of variables."""
    return value.replace("-", "_")


@dataclass(frozen=True)
class Export:
    """An export format, with the functions that write and read it.

    Attributes
    ----------
    suffix
        Suffix of its files or folders, with the dot: ".onnx".
    write
        `write(network, weights, path)` writes an `ExportedNetwork`, with the weights and running
        state `weights` in float32, to the file or folder `path`, which does not exist yet. It has
        no spectral norm. The file's inputs are `Inputs` of any `n` by those names, its one output
        has the name `network.output`; images are NHWC in [-1, 1].
    read
        `read(path)` opens what `write` wrote, with the framework's own loader, without gankit. It
        runs only in a child process that ends afterwards, and only on a file just written.
    snippet
        Lines of Python that compute the output from `inputs`, for the model card: "{path}" is
        replaced by the quoted path, "{output}" by the name of the output, a variable to assign.
    requires
        Modules that it needs beside those of the backend.
    remedy
        How to install a missing module: "pip install 'gankit[onnx]'".
    add_class_names
        `add_class_names(path, names)` adds the names of classes 0, 1, ... to the file, as a JSON
        list named "class_names"; None if the format cannot store it. It is called only if the
        classes have names, and the network is class-conditional or has the head "class".
    """

    suffix: str
    write: Callable[[ExportedNetwork, State, Path], None]
    read: Callable[[Path], Ran]
    snippet: str
    requires: tuple[str, ...] = ()
    remedy: str = ""
    add_class_names: Callable[[Path, Sequence[str]], None] | None = None


def read_onnx(path: Path) -> Ran:
    """Open the ONNX file at `path`; imports onnxruntime, which needs no framework."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(None, dict(inputs))[0]


def add_class_names_to_onnx(path: Path, names: Sequence[str]) -> None:
    """Add "class_names", a JSON list, to the metadata of an ONNX file; the file is rewritten.

    Parameters
    ----------
    path
        The file.
    names
        Names of the classes 0, 1, ...
    """
    import onnx

    model = onnx.load(path)
    model.metadata_props.add(key="class_names", value=json.dumps(list(names)))
    onnx.save(model, path)
