"""Tiny networks in ONNX files."""

from __future__ import annotations

import numpy as np

WEIGHTS = np.random.default_rng(3).standard_normal((3, 5)).astype(np.float32)


def write_network(
    path, shape=("n", "h", "w", 3), dtype="uint8", *, weights=WEIGHTS, ending=(), outside=None
):
    """Write a network that averages the pixels of a channel, and multiplies by `weights`.

    `ending` names operations before the output; `outside` a file for the weights.
    """
    from onnx import TensorProto, helper, numpy_helper, save_model

    pixels = [1, 2] if shape[3] == len(weights) else [2, 3]
    nodes = [
        helper.make_node("Cast", ["images"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["numbers"], ["means"], axes=pixels, keepdims=0),
        helper.make_node("MatMul", ["means", "weights"], ["0"]),
    ]
    for number, name in enumerate((*ending, "Identity")):
        made = "features" if number == len(ending) else str(number + 1)
        nodes.append(helper.make_node(name, [str(number)], [made]))
    kind = getattr(TensorProto, {"uint8": "UINT8", "float32": "FLOAT", "int64": "INT64"}[dtype])
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("images", kind, shape)],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", weights.shape[1]])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    aside = {"save_as_external_data": True, "location": outside, "size_threshold": 0}
    save_model(model, str(path), **(aside if outside else {}))
    return path


def write_rows(path):
    """Write a network whose weights fit grey images of 5 pixels only, though it takes any."""
    from onnx import TensorProto, helper, numpy_helper, save_model

    nodes = [
        helper.make_node("Flatten", ["images"], ["pixels"]),
        helper.make_node("MatMul", ["pixels", "weights"], ["features"]),
    ]
    graph = helper.make_graph(
        nodes,
        "rows",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", "h", "w", 1])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 5])],
        [numpy_helper.from_array(np.eye(5, dtype=np.float32), "weights")],
    )
    save_model(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
        str(path),
    )
    return path
