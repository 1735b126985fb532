"""Processor time of a 1×1 convolution and its derivatives, compared with a matrix product.

    python tests/benchmarks/pixel_products.py [torch|tensorflow|jax...]

Each framework runs with one thread, in a separate process, on the shapes of `r3gan` and larger
ones. The time is the smallest of 40 alternating calls, in milliseconds of the processor.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

SHAPES = [(64, 7, 96, 192), (64, 14, 96, 96), (64, 28, 32, 64), (64, 28, 96, 96)]
"""Batch, side, channels and filters."""
CALLS = 40
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]
Call = Callable[[], Any]


def torch_calls(arrays: Arrays) -> dict[str, Call]:
    """Return the derivatives by torch, of channels-last images."""
    import torch
    from gankit_torch.matmul import float32_products

    x, kernel, pull = (torch.from_numpy(array) for array in arrays)
    x.requires_grad_()
    kernel.requires_grad_()

    def convolution() -> Any:
        made = torch.nn.functional.conv2d(x.permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1))
        return torch.autograd.grad(made.permute(0, 2, 3, 1), (x, kernel), pull)

    def product() -> Any:
        made = torch.mm(x.view(-1, x.shape[3]), kernel[0, 0]).view(pull.shape)
        return torch.autograd.grad(made, (x, kernel), pull)

    return {"convolution": float32_products(convolution), "product": float32_products(product)}


def tensorflow_calls(arrays: Arrays) -> dict[str, Call]:
    """Return the derivatives by TensorFlow, compiled by `tf.function`."""
    import tensorflow as tf

    def compiled(function: Any) -> Call:
        x, kernel, pull = (tf.constant(array) for array in arrays)

        @tf.function
        def derivatives() -> Any:
            with tf.GradientTape() as tape:
                tape.watch((x, kernel))
                made = function(x, kernel)
            return tape.gradient(made, (x, kernel), pull)

        return lambda: [gradient.numpy() for gradient in derivatives()]

    def product(x: Any, kernel: Any) -> Any:
        made = tf.matmul(tf.reshape(x, (-1, x.shape[3])), kernel[0, 0])
        return tf.reshape(made, arrays[2].shape)

    convolution = compiled(lambda x, kernel: tf.nn.conv2d(x, kernel, 1, "VALID"))
    return {"convolution": convolution, "product": compiled(product)}


def jax_calls(arrays: Arrays) -> dict[str, Call]:
    """Return the derivatives by JAX, compiled by XLA."""
    import jax
    from jax import lax

    x, kernel, pull = map(jax.numpy.asarray, arrays)

    def compiled(function: Any) -> Call:
        derivatives = jax.jit(lambda x, kernel, pull: jax.vjp(function, x, kernel)[1](pull))
        return lambda: jax.block_until_ready(derivatives(x, kernel, pull))

    order = ("NHWC", "HWIO", "NHWC")
    convolution = compiled(
        lambda x, kernel: lax.conv_general_dilated(
            x, kernel, (1, 1), "VALID", dimension_numbers=order
        )
    )
    return {
        "convolution": convolution,
        "product": compiled(lambda x, kernel: x @ kernel[0, 0]),
    }


FRAMEWORKS = {"torch": torch_calls, "tensorflow": tensorflow_calls, "jax": jax_calls}


def measure(name: str) -> None:
    """Print a line for each shape."""
    rng = np.random.default_rng(0)
    for batch, side, channels, filters in SHAPES:
        shapes = [(batch, side, side, channels), (1, 1, channels, filters)]
        shapes.append((batch, side, side, filters))
        x, kernel, pull = (rng.standard_normal(shape, np.float32) for shape in shapes)
        calls = FRAMEWORKS[name]((x, kernel, pull))
        best = dict.fromkeys(calls, float("inf"))
        for _ in range(CALLS):
            for label, call in calls.items():
                began = time.process_time()
                call()
                best[label] = min(best[label], time.process_time() - began)
        times = "  ".join(f"{label} {1e3 * seconds:7.2f}" for label, seconds in best.items())
        ratio = best["convolution"] / best["product"]
        shape = f"{batch} x {side} x {side}, {channels} to {filters}"
        print(f"{name:10}  {shape}:  {times}  {ratio:.2f}")


if __name__ == "__main__":
    if os.environ.get("PIXEL_PRODUCTS"):
        measure(sys.argv[1])
    else:
        for each in sys.argv[1:] or FRAMEWORKS:
            environment = os.environ | ONE_THREAD | {"PIXEL_PRODUCTS": "1"}
            subprocess.run([sys.executable, __file__, each], env=environment, check=True)
