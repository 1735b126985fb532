"""A format in which a backend can write a generator, for use without gankit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from numpy.typing import NDArray

from gankit.problem import Array, Problem
from gankit.state import State

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
    """

    suffix: str
    write: Callable[[Problem, State, Path], None]
    read: Callable[[Path], Ran]
    snippet: str
    requires: tuple[str, ...] = ()
    remedy: str = ""


def read_onnx(path: Path) -> Ran:
    """Open the ONNX file at `path`; imports onnxruntime, which needs no framework."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(["images"], dict(inputs))[0]
