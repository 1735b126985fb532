"""The format "safetensors": weights by name, and the layers as JSON metadata, for any backend.

The metadata has "network" (its name, "generator" or that of a further network), "layers" (as in a
recipe), "inputs" (for each input the shapes of its parts by name, without the batch; several parts
are joined), "output" (the same of the output), "classes" (0 for a network without classes), and
"gankit" (the version), each as JSON; "conditions" if labels are vectors, and "class_names" if the
run has names of classes.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from safetensors.numpy import save

import gankit
from gankit import plugins
from gankit._utils import atomic_files
from gankit._utils.paths import given
from gankit._utils.state import State
from gankit._utils.storage import read_plain
from gankit._utils.tagged_unions import Tagged
from gankit.conditions import Condition
from gankit.contract import AnyLabels, Array, Generator, Network, Problem
from gankit.contract.export_format import LABELS, Export, ExportedNetwork, Inputs, Ran
from gankit.contract.network_inputs import NOISE, SOURCE
from gankit.errors import CheckpointError, ConfigError
from gankit.layers import Dense, Flatten, Layer, Reshape, Shape
from gankit.optimizers import SGD
from gankit.runs.tensors import decode

REFERENCE = "numpy"
MOST_BYTES = 2**33
"""The most bytes of a file that is read; the recipes' generators have some millions."""
SNIPPET = """\
from gankit.export import read_named  # pip install gankit; no framework is needed

{output} = read_named({path})(inputs)
"""


def write(network: ExportedNetwork, weights: State, path: Path) -> None:
    """Write a network; see `gankit.contract.export_format.Export.write`.

    Raises
    ------
    ConfigError
        It takes several rows or several images, for which no generator can stand when it is read.
    """
    if len({_kind(parts) for parts in network.inputs}) < len(network.inputs):
        raise ConfigError(
            f"network: got {network.name!r}, which takes {', '.join(network.parts)}; expected at "
            "most one row and one image for safetensors; choose another format, such as onnx"
        )
    facts: dict[str, Any] = {
        "gankit": gankit.__version__,
        "network": network.name,
        "layers": [dataclasses.asdict(layer) for layer in network.layers],
        "inputs": network.inputs,
        "output": {network.output: network.output_shape},
        "classes": network.labels.classes,
    }
    if network.conditions:
        facts["conditions"] = [dataclasses.asdict(one) for one in network.conditions]
    _save(weights, facts, path)


def add_class_names(path: Path, names: Sequence[str]) -> None:
    """Add "class_names" to the metadata of a file."""
    content = read_plain(path, MOST_BYTES)
    _save(decode(content), {**_metadata(content), "class_names": list(names)}, path)


def _save(weights: State, facts: dict[str, Any], path: Path) -> None:
    plain = {name: np.ascontiguousarray(array) for name, array in weights.items()}
    atomic_files.write_file(
        path, save(plain, {key: json.dumps(fact) for key, fact in facts.items()})
    )


def read(path: str | Path, backend: str = REFERENCE) -> Network:
    """Return the network of a file that `gankit export --to safetensors` wrote.

    Parameters
    ----------
    path
        The file.
    backend
        The backend that computes: numpy, or another that is installed.

    Returns
    -------
    Network
        A function. Of a generator, from `(n, latent)` noise, with the columns of codes at its end,
        and labels if it is conditional, `(n,)` int64 or `(n, d)` floats, to `(n, height, width,
        channels)` images in [-1, 1]. Of a further network, from its inputs to its outputs.

    Raises
    ------
    CheckpointError
        The file has another format, or its weights do not match its layers.
    """
    return _read(path, backend)[0]


def _read(path: str | Path, backend: str) -> tuple[Network, list[list[str]]]:
    """Return the network of a file, and the names of the parts of each of its inputs."""
    content = read_plain(given(path, "path"), MOST_BYTES)
    weights = decode(content)
    try:
        facts = _metadata(content)
        problem, parts = _problem(facts), [list(part) for part in facts["inputs"]]
        rows = len(_only(facts["output"])) == 1
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(f"{path} has no valid description of its network: {reason}") from None
    generator = plugins.get_backend(backend).trainer(problem).generator
    generator.load_weights(weights)
    return _Rows(generator) if rows else generator, parts


@dataclass(frozen=True)
class _Rows:
    """A network whose outputs are rows, computed by a generator of images of one pixel."""

    pixels: Generator

    def __call__(
        self, inputs: Array | tuple[Array, ...], labels: AnyLabels | None = None, /
    ) -> Array:
        return self.pixels(inputs, labels)[:, 0, 0, :]

    def weights(self) -> State:
        return self.pixels.weights()

    def load_weights(self, weights: State, /) -> None:
        self.pixels.load_weights(weights)


def _metadata(content: bytes) -> dict[str, Any]:
    length = int.from_bytes(content[:8], "little")
    metadata: dict[str, str] = json.loads(content[8 : 8 + length])["__metadata__"]
    return {key: json.loads(value) for key, value in metadata.items()}


def _problem(facts: dict[str, Any]) -> Problem:
    """Return a problem whose generator is the network, with a placeholder for the discriminator.

    A generator makes images, so a row becomes the channels of a pixel.
    """
    from pydantic import TypeAdapter

    from gankit.losses import BUILTIN

    spec = TypeAdapter(tuple[Annotated[Layer, Tagged("layer")], ...])
    network, shape = spec.validate_json(json.dumps(facts["layers"])), _only(facts["output"])
    if len(shape) == 1:
        shape = (1, 1, *shape)
        network = (*network, Reshape(shape))
    values = {_kind(parts): parts for parts in facts["inputs"]}
    noise = sum(math.prod(each) for each in values.get(NOISE, {}).values())
    source = _only(values[SOURCE]) if SOURCE in values else None
    unused = SGD()
    return Problem(
        generator=network,
        discriminator=(Flatten(), Dense(1)),
        latent=noise or 1,
        image_shape=shape,
        inputs=tuple(values),
        source="paired" if source else None,
        source_shape=source,
        loss=BUILTIN[0],
        generator_optimizer=unused,
        discriminator_optimizer=unused,
        classes=facts["classes"],
        conditions=tuple(Condition(**one) for one in facts.get("conditions", ())),
    )


def _only(shapes: dict[str, Sequence[int]]) -> Shape:
    """Return the one shape among those by name."""
    (shape,) = shapes.values()
    return tuple(shape)


def _kind(parts: Mapping[str, Sequence[int]]) -> str:
    """Return what an input is to a generator: noise for rows, else a source."""
    return SOURCE if len(next(iter(parts.values()))) == 3 else NOISE


def read_named(path: str | Path) -> Ran:
    """Return a function of inputs by name, as a model card shows them, for a file as of `read`.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Callable
        A function from the inputs, such as "noise", "code_NAME", "source" and "labels", to what the
        network makes.

    Raises
    ------
    CheckpointError
        As of `read`.
    """
    network, parts = _read(path, REFERENCE)

    def run(inputs: Inputs) -> Array:
        arrays = tuple(
            np.concatenate([inputs[name] for name in names], axis=1)
            if len(names) > 1
            else inputs[names[0]]
            for names in parts
        )
        return network(arrays if len(arrays) > 1 else arrays[0], inputs.get(LABELS))

    return run


SAFETENSORS = Export(
    suffix=".safetensors",
    write=write,
    read=read_named,
    snippet=SNIPPET,
    add_class_names=add_class_names,
)
