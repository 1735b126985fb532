"""The description of a format in which a backend exports a network."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from numpy.typing import NDArray

from gankit._utils.state import State
from gankit.codes import Code, columns
from gankit.conditions import Condition
from gankit.contract.label_format import NO_LABELS, LabelFormat
from gankit.contract.network_inputs import NOISE
from gankit.contract.problem import Problem
from gankit.contract.specification import Array
from gankit.errors import ConfigError
from gankit.layers import Shape, Spec, as_spec, uses_labels
from gankit.terms import GENERATOR

Inputs: TypeAlias = Mapping[str, NDArray[Any]]
"""The inputs of a network by the names of `ExportedNetwork.parts`, in that order, float32. Of a
generator: "noise", `(n, latent)`, and for each code "code_NAME", `(n, size)`; "source", `(n,
height, width, channels)` in [-1, 1]. If the network is conditional, "labels" come last: classes,
`(n,)` int64, or vectors, `(n, d)` float32."""
Ran: TypeAlias = Callable[[Inputs], Array]
"""A network loaded from its file: inputs to its output, of a generator `(n, height, width,
channels)` images."""

ONNX_SNIPPET = """\
import onnxruntime

session = onnxruntime.InferenceSession({path}, providers=["CPUExecutionProvider"])
({output},) = session.run(["{output}"], inputs)
"""
"""Python code that runs an ONNX file."""
IMAGES, LABELS = "images", "labels"
"""The output of a generator, and the labels of a conditional network as an input."""


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
        "generator", or the name of a further network.
    layers
        Its layers; those that `Export.write` gets have no spectral norm.
    inputs
        The parts of each of its inputs, in order: their shapes without the batch, by name. Several
        parts, such as the noise and its codes, are rows that are joined.
    output, output_shape
        The name of what it makes, and its shape without the batch: "images" of a generator, of a
        further network the value that its first pass makes.
    labels
        The form of the labels that it takes; empty if it takes none.
    conditions
        The columns of labels that are vectors; empty for others.
    """

    name: str
    layers: Spec
    inputs: tuple[Mapping[str, Shape], ...]
    output: str
    output_shape: Shape
    labels: LabelFormat = NO_LABELS
    conditions: tuple[Condition, ...] = ()

    @property
    def parts(self) -> dict[str, Shape]:
        """The shape of each part of each input, by name, without labels."""
        return {name: shape for parts in self.inputs for name, shape in parts.items()}

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """The shape of each input."""
        return tuple(map(_joined, self.inputs))


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
        The generator, by default, or a further network on its side.

    Raises
    ------
    ConfigError
        Two of its inputs would have one name.
    """
    if name == GENERATOR:
        values, output, shape = problem.inputs, IMAGES, problem.image_shape
    else:
        value = problem.values.made_by(name)
        values, output = problem.values.passes[value].inputs, _plain(value)
        shape = problem.values.shape(value)
    layers = as_spec(problem.spec_of(name), name)
    takes = problem.label_format if uses_labels(layers) else NO_LABELS
    inputs = tuple(_parts(problem, value) for value in values)
    conditions = problem.conditions if takes.columns else ()
    found = ExportedNetwork(name, layers, inputs, output, shape, takes, conditions)
    if len({*found.parts, output, LABELS}) < sum(map(len, inputs)) + 2:
        raise ConfigError(
            f"networks.{name}: got {', '.join(values)}, and it makes {output}; two of them, or one "
            "of them and labels, have one name; rename a pass to export it"
        )
    return found


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
        network is class-conditional and the classes have names.
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
