"""Export networks to Keras's own format, SavedModel and ONNX."""

from __future__ import annotations

from pathlib import Path

from gankit.contract import Array, State
from gankit.contract.export_format import ExportedNetwork, Inputs, Ran
from gankit_keras.export_model import export_model
from gankit_keras.keras_import import Tensor, keras

OPSET = 18
"""The version of ONNX's operators; the newest that tf2onnx 1.17 supports."""
SIGNATURE = "serving_default"


def write_keras(network: ExportedNetwork, weights: State, path: Path) -> None:
    """Write a `.keras` file of Keras's own layers."""
    export_model(network, weights).save(path)


def read_keras(path: Path) -> Ran:
    """Open a `.keras` file."""
    model = keras.saving.load_model(path, safe_mode=True)

    def run(inputs: Inputs) -> Array:
        (outputs,) = model(dict(inputs), training=False).values()
        array: Array = keras.ops.convert_to_numpy(outputs)
        return array

    return run


def write_savedmodel(network: ExportedNetwork, weights: State, path: Path) -> None:
    """Write a SavedModel with the signature "serving_default"."""
    export_model(network, weights).export(path, format="tf_saved_model", verbose=False)


def read_savedmodel(path: Path) -> Ran:
    """Open a SavedModel."""
    from gankit_keras.framework import tf

    loaded = tf.saved_model.load(str(path))  # Must outlive its functions.

    def run(inputs: Inputs) -> Array:
        tensors = {name: tf.constant(array) for name, array in inputs.items()}
        (outputs,) = loaded.signatures[SIGNATURE](**tensors).values()
        array: Array = outputs.numpy()
        return array

    return run


def write_onnx(network: ExportedNetwork, weights: State, path: Path) -> None:
    """Write ONNX with tf2onnx, with the weights inside the file."""
    import tf2onnx

    from gankit_keras.framework import tf

    model = export_model(network, weights)
    signature = [tf.TensorSpec(t.shape, t.dtype, name) for name, t in model.input.items()]

    def generate(*tensors: Tensor) -> dict[str, Tensor]:
        outputs: dict[str, Tensor] = model(dict(zip(model.input, tensors, strict=True)))
        return outputs

    function = tf.function(generate, input_signature=signature, autograph=False)
    tf2onnx.convert.from_function(function, signature, opset=OPSET, output_path=str(path))
