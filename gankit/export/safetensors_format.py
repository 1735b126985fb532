"""The format "safetensors": weights by name, and the layers as JSON metadata, for any backend.

The metadata has "network" (its name), "layers" (as in a recipe), "inputs" (for each input the
shapes of its parts by name, without the batch; several parts are joined), "output" (the same of the
output), "classes" (0 for a network without classes), and "gankit" (the version), each as JSON;
"conditions" if labels are vectors, "heads" (their sizes) of a discriminator that has some, and
"class_names" if the run has names of classes.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import gankit
from gankit._utils import atomic_files
from gankit._utils.paths import given
from gankit._utils.state import State
from gankit._utils.storage import read_plain
from gankit._utils.tagged_unions import Tagged
from gankit.conditions import Condition
from gankit.contract import LabelFormat, Network
from gankit.contract.export_format import LABELS, Export, ExportedNetwork, Ran
from gankit.errors import CheckpointError
from gankit.export.lone_network import REFERENCE, lone_network, lone_problem
from gankit.layers import Layer, Shape, output_shape
from gankit.runs.tensors import decode, encode_with_facts, read_facts

MOST_BYTES = 2**33
"""The most bytes of a file that is read; the recipes' generators have some millions."""
SNIPPET = """\
from gankit.export import read_named  # Needs gankit, and no framework.

{output} = read_named({path})(inputs)
"""


def write(network: ExportedNetwork, weights: State, path: Path) -> None:
    """Write a network; see `gankit.contract.export_format.Export.write`."""
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
    if network.heads:
        facts["heads"] = dict(network.heads)
    atomic_files.write_file(path, encode_with_facts(weights, facts))


def add_class_names(path: Path, names: Sequence[str]) -> None:
    """Add "class_names" to the metadata of a file."""
    content = read_plain(path, MOST_BYTES)
    facts = {**read_facts(content), "class_names": list(names)}
    atomic_files.write_file(path, encode_with_facts(decode(content), facts))


def read(path: str | Path, backend: str = REFERENCE) -> Network:
    """Return the network of a file that `gankit export --to safetensors` wrote.

    Parameters
    ----------
    path
        The file, or a link to it.
    backend
        The backend that computes: numpy, or another that is installed and has the capability
        "networks".

    Returns
    -------
    Network
        A function. Of a generator, from `(n, latent)` noise, with the columns of codes at its end,
        and labels if it is conditional, `(n,)` int64 or `(n, d)` floats, to `(n, height, width,
        channels)` images in [-1, 1]. Of another network, from its inputs to the outputs of its
        layers.

    Raises
    ------
    CheckpointError
        The file has another format, or its weights do not match its layers.
    """
    return _read(path, backend)[0]


def _read(path: str | Path, backend: str) -> tuple[Network, ExportedNetwork]:
    """Return the network of a file, and its description."""
    # Caches of downloads contain links.
    content = read_plain(Path(os.path.realpath(given(path, "path"))), MOST_BYTES)
    weights = decode(content)
    try:
        described = _described(read_facts(content))
        problem = lone_problem(described)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(f"{path} has no valid description of its network: {reason}") from None
    return lone_network(problem, weights, backend), described


def _described(facts: dict[str, Any]) -> ExportedNetwork:
    """Return the description of a network that metadata contain."""
    from pydantic import TypeAdapter

    spec = TypeAdapter(tuple[Annotated[Layer, Tagged("layer")], ...])
    conditions = tuple(Condition(**one) for one in facts.get("conditions", ()))
    ((output, shape),) = _shapes(facts["output"]).items()
    found = ExportedNetwork(
        name=facts["network"],
        layers=spec.validate_json(json.dumps(facts["layers"])),
        inputs=tuple(map(_shapes, facts["inputs"])),
        output=output,
        output_shape=shape,
        labels=LabelFormat(facts["classes"], len(conditions)),
        conditions=conditions,
        heads=facts.get("heads", {}),
    )
    if (made := output_shape(found.layers, found.input_shapes)) != shape:
        raise ValueError(f"output: got {shape}; its layers make {made}")
    return found


def _shapes(found: Mapping[str, Sequence[int]]) -> dict[str, Shape]:
    return {name: tuple(shape) for name, shape in found.items()}


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
    network, described = _read(path, REFERENCE)
    return lambda inputs: network(described.arguments(inputs), inputs.get(LABELS))


SAFETENSORS = Export(
    suffix=".safetensors",
    write=write,
    read=read_named,
    snippet=SNIPPET,
    add_class_names=add_class_names,
)
