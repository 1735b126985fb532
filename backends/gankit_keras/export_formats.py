"""The backend's export formats; Keras is imported only when one is written or read."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

from gankit.contract import State
from gankit.contract.export_format import (
    ONNX_SNIPPET,
    Export,
    ExportedNetwork,
    Ran,
    add_class_names_to_onnx,
    read_onnx,
)

KERAS_SNIPPET = """\
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import keras

network = keras.saving.load_model({path})
{output} = network.predict(inputs, verbose=0)["{output}"]
"""
SAVEDMODEL_SNIPPET = """\
import tensorflow as tf

network = tf.saved_model.load({path}).signatures["serving_default"]
tensors = {{name: tf.constant(array) for name, array in inputs.items()}}
{output} = network(**tensors)["{output}"].numpy()
"""


def write_onnx(network: ExportedNetwork, weights: State, path: Path) -> None:
    """Write ONNX."""
    from gankit_keras import exports

    exports.write_onnx(network, weights, path)


def write_keras(network: ExportedNetwork, weights: State, path: Path) -> None:
    """Write Keras's own format."""
    from gankit_keras import exports

    exports.write_keras(network, weights, path)


def read_keras(path: Path) -> Ran:
    """Open Keras's own format."""
    from gankit_keras import exports

    return exports.read_keras(path)


def write_savedmodel(network: ExportedNetwork, weights: State, path: Path) -> None:
    """Write a SavedModel."""
    from gankit_keras import exports

    exports.write_savedmodel(network, weights, path)


def read_savedmodel(path: Path) -> Ran:
    """Open a SavedModel."""
    from gankit_keras import exports

    return exports.read_savedmodel(path)


def add_class_names_to_keras(path: Path, names: Sequence[str]) -> None:
    """Add the names of classes to Keras's own format, a zip file, as "class_names.json"."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("class_names.json", json.dumps(list(names)))


def add_class_names_to_savedmodel(path: Path, names: Sequence[str]) -> None:
    """Add the names of classes to a SavedModel, as "assets.extra/class_names.json".

    That folder is the format's own place for files that no loader reads.
    """
    extra = path / "assets.extra"
    extra.mkdir()
    (extra / "class_names.json").write_text(json.dumps(list(names)), "utf-8")


def exports(framework: str) -> dict[str, Export]:
    """Return the formats that the backend writes if Keras runs on `framework`."""
    keras = Export(
        suffix=".keras",
        write=write_keras,
        read=read_keras,
        snippet=KERAS_SNIPPET.replace("tensorflow", framework),
        add_class_names=add_class_names_to_keras,
    )
    return {"keras": keras} | (OF_TENSORFLOW if framework == "tensorflow" else {})


OF_TENSORFLOW = {
    "savedmodel": Export(
        suffix=".savedmodel",
        write=write_savedmodel,
        read=read_savedmodel,
        snippet=SAVEDMODEL_SNIPPET,
        add_class_names=add_class_names_to_savedmodel,
    ),
    "onnx": Export(
        suffix=".onnx",
        write=write_onnx,
        read=read_onnx,
        snippet=ONNX_SNIPPET,
        requires=("tf2onnx", "onnxruntime"),
        remedy="pip install 'gankit[onnx]'",
        add_class_names=add_class_names_to_onnx,
    ),
}
