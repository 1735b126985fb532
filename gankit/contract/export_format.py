"""A format in which a backend can write a generator, for use without gankit."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from numpy.typing import NDArray

from gankit._utils.state import State
from gankit.contract.problem import Array, Problem

Inputs: TypeAlias = Mapping[str, NDArray[Any]]
"""What a generator is given: "noise", `(n, latent)` float32, and where it knows classes "labels",
`(n,)` int64."""
Ran: TypeAlias = Callable[[Inputs], Array]
"""A generator read back from its file: inputs to `(n, height, width, channels)` images."""

ONNX_SNIPPET = """\
import onnxruntime

session = onnxruntime.InferenceSession({path}, providers=["CPUExecutionProvider"])
(images,) = session.run(["images"], inputs)
"""
"""How an ONNX file is used, whoever wrote it."""


@dataclass(frozen=True)
class Export:
    """A format, and what writes and reads it.

    Attributes
    ----------
    suffix
        Of its files or folders, with the dot: ".onnx".
    write
        `write(problem, weights, path)` writes the generator of `problem`, whose weights and running
        state are `weights`, to the file or folder `path`, which is not there yet. `problem` is of
        float32, its generator a spec in which no kernel is under spectral norm. What it writes
        takes `Inputs` of any `n` by those names and returns "images", NHWC in [-1, 1].
    read
        `read(path)` opens what `write` wrote, by the framework's own loader, without gankit. It is
        called only in a process of its own that ends thereafter, and only on a file just written.
    snippet
        Lines of Python that make `images` of `inputs`, for the model card; "{path}" stands for
        the path, in quotes.
    requires
        Modules that it needs beside those of the backend.
    remedy
        What to do where one of them is missing: "pip install 'gankit[onnx]'".
    add_class_names
        `add_class_names(path, names)` adds the names of classes 0, 1, ... to what `write` wrote, as
        a JSON list named "class_names"; None where the format has no place for it. It is called
        only where the generator takes classes and these have names.
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
    """Add "class_names", a JSON list, to the metadata of an ONNX file.

    Parameters
    ----------
    path
        The file; it is written anew.
    names
        What the classes 0, 1, ... are called.
    """
    import onnx

    model = onnx.load(path)
    model.metadata_props.add(key="class_names", value=json.dumps(list(names)))
    onnx.save(model, path)
