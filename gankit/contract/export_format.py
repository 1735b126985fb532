"""The description of a format in which a backend exports a generator."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from numpy.typing import NDArray

from gankit._utils.state import State
from gankit.codes import Code, columns
from gankit.contract.network_inputs import NOISE
from gankit.contract.problem import Problem
from gankit.contract.specification import Array
from gankit.errors import ConfigError
from gankit.layers import Shape

Inputs: TypeAlias = Mapping[str, NDArray[Any]]
"""The inputs of a generator, in the order of `Problem.inputs`, as far as it takes them: "noise",
`(n, latent)` float32, and for each code "code_NAME", `(n, size)` float32; "source", `(n, height,
width, channels)` float32 in [-1, 1]; and, if it is conditional, "labels": classes,
`(n,)` int64, or vectors, `(n, d)` float32."""
Ran: TypeAlias = Callable[[Inputs], Array]
"""A generator loaded from its file: inputs to `(n, height, width, channels)` images."""

ONNX_SNIPPET = """\
import onnxruntime

session = onnxruntime.InferenceSession({path}, providers=["CPUExecutionProvider"])
(images,) = session.run(["images"], inputs)
"""
"""Python code that runs an ONNX file."""


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


def input_parts(problem: Problem) -> list[dict[str, Shape]]:
    """Return the shapes of the parts of each input of the generator, by their names.

    The parts of the noise are those of `input_columns`; a source has one. `problem` has the
    generator.
    """
    places = input_columns(problem.latent, problem.codes)
    noise: dict[str, Shape] = {name: (place.stop - place.start,) for name, place in places.items()}
    shapes = zip(problem.inputs, problem.input_shapes("generator"), strict=True)
    return [noise if name == NOISE else {name: shape} for name, shape in shapes]


@dataclass(frozen=True)
class Export:
    """An export format, with the functions that write and read it.

    Attributes
    ----------
    suffix
        Suffix of its files or folders, with the dot: ".onnx".
    write
        `write(problem, weights, path)` writes the generator of `problem`, with the weights and
        running state `weights`, to the file or folder `path`, which does not exist yet. `problem`
        has float32 and a generator that is a spec without spectral norm. The file's inputs are
        `Inputs` of any `n` by those names, its output is "images", NHWC in [-1, 1].
    read
        `read(path)` opens what `write` wrote, with the framework's own loader, without gankit. It
        runs only in a child process that ends afterwards, and only on a file just written.
    snippet
        Lines of Python that compute `images` from `inputs`, for the model card; "{path}" is
        replaced by the quoted path.
    requires
        Modules that it needs beside those of the backend.
    remedy
        How to install a missing module: "pip install 'gankit[onnx]'".
    add_class_names
        `add_class_names(path, names)` adds the names of classes 0, 1, ... to the file, as a JSON
        list named "class_names"; None if the format cannot store it. It is called only if the
        generator is class-conditional and the classes have names.
    """

    suffix: str
    write: Callable[[Problem, State, Path], None]
    read: Callable[[Path], Ran]
    snippet: str
    requires: tuple[str, ...] = ()
    remedy: str = ""
    add_class_names: Callable[[Path, Sequence[str]], None] | None = None


def read_onnx(path: Path) -> Ran:
    """Open the ONNX file at `path`; imports onnxruntime, which needs no framework."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(["images"], dict(inputs))[0]


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
