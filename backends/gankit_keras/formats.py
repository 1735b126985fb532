"""The formats that the backend offers; Keras is imported when one is written or read."""

from __future__ import annotations

from pathlib import Path

from gankit.backend import Problem, State
from gankit.exports import ONNX_SNIPPET, Export, Ran, read_onnx

KERAS_SNIPPET = """\
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import keras

generator = keras.saving.load_model({path})
images = generator.predict(inputs, verbose=0)["images"]
"""
SAVEDMODEL_SNIPPET = """\
import tensorflow as tf

generator = tf.saved_model.load({path}).signatures["serving_default"]
tensors = {{name: tf.constant(array) for name, array in inputs.items()}}
images = generator(**tensors)["images"].numpy()
"""


def write_onnx(problem: Problem, weights: State, path: Path) -> None:
    """Write ONNX."""
    from gankit_keras import exports

    exports.write_onnx(problem, weights, path)


def write_keras(problem: Problem, weights: State, path: Path) -> None:
    """Write Keras's own format."""
    from gankit_keras import exports

    exports.write_keras(problem, weights, path)


def read_keras(path: Path) -> Ran:
    """Open Keras's own format."""
    from gankit_keras import exports

    return exports.read_keras(path)


def write_savedmodel(problem: Problem, weights: State, path: Path) -> None:
    """Write a SavedModel."""
    from gankit_keras import exports

    exports.write_savedmodel(problem, weights, path)


def read_savedmodel(path: Path) -> Ran:
    """Open a SavedModel."""
    from gankit_keras import exports

    return exports.read_savedmodel(path)


EXPORTS = {
    "keras": Export(".keras", write_keras, read_keras, KERAS_SNIPPET),
    "savedmodel": Export(".savedmodel", write_savedmodel, read_savedmodel, SAVEDMODEL_SNIPPET),
    "onnx": Export(
        suffix=".onnx",
        write=write_onnx,
        read=read_onnx,
        snippet=ONNX_SNIPPET,
        requires=("tf2onnx", "onnxruntime"),
        remedy="pip install 'gankit[onnx]'",
    ),
}
