"""The format "safetensors": weights by name, and the layers as JSON metadata, for any backend.

The metadata has "generator" (the layers as in a recipe), "latent" (all columns of the noise),
"inputs" (what it takes: noise, sources or both), "parts" (the names of the parts of each, as those
of codes), "source_shape" (null without sources), "classes" (0 for a generator without
classes), "image_shape" and "gankit" (the version), each as JSON; and "class_names" if the run has
names of classes.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
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
from gankit.contract import Array, Generator, Problem
from gankit.contract.export_format import Export, Inputs, Ran, input_parts
from gankit.contract.network_inputs import INPUTS
from gankit.errors import CheckpointError
from gankit.layers import Dense, Flatten, Layer, as_spec
from gankit.optimizers import SGD
from gankit.runs.tensors import decode

REFERENCE = "numpy"
MOST_BYTES = 2**33
"""The most bytes of a file that is read; the recipes' generators have some millions."""
SNIPPET = """\
from gankit.export import read_named  # pip install gankit; no framework is needed

images = read_named({path})(inputs)
"""


def write(problem: Problem, weights: State, path: Path) -> None:
    """Write a generator; see `gankit.contract.export_format.Export.write`."""
    spec = as_spec(problem.generator, "generator")
    facts: dict[str, Any] = {
        "gankit": gankit.__version__,
        "generator": [dataclasses.asdict(layer) for layer in spec],
        "latent": problem.latent if not problem.takes_noise else problem.noise_width,
        "inputs": problem.inputs,
        "source_shape": problem.source_shape,
        "parts": [list(part) for part in input_parts(problem)],
        "classes": problem.generator_classes,
        "image_shape": problem.image_shape,
    }
    if problem.generator_labels.columns:
        facts["conditions"] = [dataclasses.asdict(one) for one in problem.conditions]
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


def read(path: str | Path, backend: str = REFERENCE) -> Generator:
    """Return the generator of a file that `gankit export --to safetensors` wrote.

    Parameters
    ----------
    path
        The file.
    backend
        The backend that computes: numpy, or another that is installed.

    Returns
    -------
    Generator
        A function from `(n, latent)` noise, with the columns of codes at its end, and labels if it
        is conditional, `(n,)` int64 or `(n, d)` floats, to `(n, height, width, channels)` images in
        [-1, 1].

    Raises
    ------
    CheckpointError
        The file has another format, or its weights do not match its layers.
    """
    return _read(path, backend)[0]


def _read(path: str | Path, backend: str) -> tuple[Generator, list[list[str]]]:
    """Return the generator of a file, and the names of the parts of each of its inputs."""
    content = read_plain(given(path, "path"), MOST_BYTES)
    weights = decode(content)
    try:
        facts = _metadata(content)
        problem, parts = _problem(facts), facts.get("parts", [list(INPUTS)])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(f"{path} has no valid description of its network: {reason}") from None
    generator = plugins.get_backend(backend).trainer(problem).generator
    generator.load_weights(weights)
    return generator, parts


def _metadata(content: bytes) -> dict[str, Any]:
    length = int.from_bytes(content[:8], "little")
    metadata: dict[str, str] = json.loads(content[8 : 8 + length])["__metadata__"]
    return {key: json.loads(value) for key, value in metadata.items()}


def _problem(facts: dict[str, Any]) -> Problem:
    """Return a problem with this generator and a placeholder for the discriminator."""
    from pydantic import TypeAdapter

    from gankit.losses import BUILTIN

    spec = TypeAdapter(tuple[Annotated[Layer, Tagged("layer")], ...])
    unused = SGD()
    return Problem(
        generator=spec.validate_json(json.dumps(facts["generator"])),
        discriminator=(Flatten(), Dense(1)),
        latent=facts["latent"],
        image_shape=tuple(facts["image_shape"]),
        inputs=tuple(facts.get("inputs", INPUTS)),
        **_sources(facts),
        loss=BUILTIN[0],
        generator_optimizer=unused,
        discriminator_optimizer=unused,
        classes=facts["classes"],
        conditions=tuple(Condition(**one) for one in facts.get("conditions", ())),
    )


def _sources(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a problem with sources; none for a generator of noise alone."""
    shape = facts.get("source_shape")
    return {"source": "paired", "source_shape": tuple(shape)} if shape else {}


def read_named(path: str | Path) -> Ran:
    """Return a function of inputs by name, as a model card shows them, for a file as of `read`.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Callable
        A function from the inputs, "noise", "code_NAME", "source" and "labels", to `(n, height,
        width, channels)` images in [-1, 1].

    Raises
    ------
    CheckpointError
        As of `read`.
    """
    generator, parts = _read(path, REFERENCE)

    def run(inputs: Inputs) -> Array:
        arrays = tuple(
            np.concatenate([inputs[name] for name in names], axis=1)
            if len(names) > 1
            else inputs[names[0]]
            for names in parts
        )
        return generator(arrays if len(arrays) > 1 else arrays[0], inputs.get("labels"))

    return run


SAFETENSORS = Export(
    suffix=".safetensors",
    write=write,
    read=read_named,
    snippet=SNIPPET,
    add_class_names=add_class_names,
)
