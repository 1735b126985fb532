"""Layers of a network as data, their output shapes and their initial weights.

A spec is a tuple of layers. It contains every number, because frameworks have different defaults
(LeakyReLU's slope is 0.3 in one and 0.01 in another). Shapes are those of one image, without the
batch: images are `(height, width, channels)`. Kernels are `(in, out)`, or for images
`(height, width, in, out)`.

>>> spec = (Dense(256), LeakyReLU(0.2), Dense(784), Tanh(), Reshape((28, 28, 1)))
>>> output_shape(spec, (100,))
(28, 28, 1)
>>> weight_shapes(spec, (100,))["0.kernel"]
(100, 256)
"""

from gankit.layers.shapes import (
    DROPOUT_LEVELS,
    Node,
    Place,
    Shape,
    Shapes,
    input_shapes,
    layer_shape,
    output_shape,
    shapes,
    tree,
    walk,
)
from gankit.layers.specs import (
    LAYERS,
    AveragePool,
    BatchNorm,
    BlurPool,
    BlurUpsample,
    ClassLogit,
    Concat,
    Conv,
    ConvTranspose,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Init,
    InstanceNorm,
    Layer,
    LayerNorm,
    LeakyReLU,
    MinibatchStd,
    Projection,
    ReLU,
    Reshape,
    Residual,
    SelfAttention,
    Sigmoid,
    Spec,
    Tanh,
    Upsample,
    as_spec,
    capabilities,
    is_spec,
    joined,
    uses_labels,
)
from gankit.layers.weights import initial_weights, is_running, weight_shapes

__all__ = [
    "DROPOUT_LEVELS",
    "LAYERS",
    "AveragePool",
    "BatchNorm",
    "BlurPool",
    "BlurUpsample",
    "ClassLogit",
    "Concat",
    "Conv",
    "ConvTranspose",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Init",
    "InstanceNorm",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "MinibatchStd",
    "Node",
    "Place",
    "Projection",
    "ReLU",
    "Reshape",
    "Residual",
    "SelfAttention",
    "Shape",
    "Shapes",
    "Sigmoid",
    "Spec",
    "Tanh",
    "Upsample",
    "as_spec",
    "capabilities",
    "initial_weights",
    "input_shapes",
    "is_running",
    "is_spec",
    "joined",
    "layer_shape",
    "output_shape",
    "shapes",
    "tree",
    "uses_labels",
    "walk",
    "weight_shapes",
]
