"""JAX under Keras as a framework for `gankit.functional`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from gankit.contract import Precision
from gankit.errors import UnknownName
from gankit.functional import Extra, Framework, Pull, Tensors
from gankit_keras.keras_import import Tensor


class Jax(Framework):
    """JAX's arrays; updates are compiled functions, and blocks are scans of updates."""

    xp = jnp
    scan = staticmethod(lax.scan)

    def __init__(self, precision: Precision, device: str) -> None:
        # Otherwise JAX silently computes in float32.
        jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]
        super().__init__(precision, device)
        self._device = _find_device(device)

    def array(self, values: NDArray[Any], /) -> Tensor:
        """Return a copy on the device; JAX shares the memory of a NumPy array where it can."""
        return jax.device_put(np.array(values), self._device)

    def numpy(self, tensor: Tensor, /) -> NDArray[Any]:
        """Return a copy."""
        return np.array(tensor)

    def constant(self, tensor: Tensor, /) -> Tensor:
        """Return the numbers without their gradient."""
        return lax.stop_gradient(tensor)

    def scale(self, number: float | Tensor, tensor: Tensor, /) -> Tensor:
        """Return the product in the tensor's precision."""
        return jnp.asarray(number, tensor.dtype) * tensor

    def float64(self, tensor: Tensor, /) -> Tensor:
        """Return a tensor in float64."""
        return tensor.astype(jnp.float64)

    def value_and_grad(
        self, f: Callable[[Tensors], tuple[Tensor, Extra]], weights: Tensors, /
    ) -> tuple[Tensor, Extra, Tensors]:
        """Return the value, what comes with it, and the gradient."""
        (value, extra), gradients = jax.value_and_grad(f, has_aux=True)(weights)
        return value, extra, gradients

    def vjp(
        self, f: Callable[[Tensors], tuple[Tensors, Extra]], weights: Tensors, /
    ) -> tuple[Tensors, Extra, Pull]:
        """Return the values, what comes with them, and the derivative, in one pass."""
        values, pull, extra = jax.vjp(f, weights, has_aux=True)
        return values, extra, lambda gradients: pull(gradients)[0]

    def input_vjp(
        self, f: Callable[[Tensor], tuple[Tensor, Tensors]], x: Tensor, /
    ) -> tuple[Tensor, Tensors, Callable[[Tensor], Tensor]]:
        """Return the values, and the derivative, which can be differentiated again."""
        value, pull, extra = jax.vjp(f, x, has_aux=True)
        return value, extra, lambda gradient: pull(gradient)[0]

    def cond(
        self, flag: float | Tensor, f: Callable[[], Any], otherwise: Callable[[], Any], /
    ) -> Any:  # noqa: ANN401 - whatever the two return.
        """Compute only one of the two."""
        return lax.cond(flag > 0, f, otherwise)

    def compile(self, function: Callable[..., Any], /, *, consumes: bool) -> Callable[..., Any]:
        """Compile for each shape of the arguments."""
        return jax.jit(function, donate_argnums=0 if consumes else ())

    def take(self, x: Tensor, index: Tensor, /, *, axis: int = 0) -> Tensor:
        """Return rows at these positions."""
        return jnp.take(x, index, axis=axis)

    def softplus(self, x: Tensor, /) -> Tensor:
        """Return log(1 + exp(x))."""
        return jax.nn.softplus(x)

    def sigmoid(self, x: Tensor, /) -> Tensor:
        """Return 1 / (1 + exp(-x))."""
        return jax.nn.sigmoid(x)

    def row_products(self, x: Tensor, y: Tensor, /) -> Tensor:
        """Return the product of each row of `x` with each row of `y`."""
        return jnp.matmul(x, y.swapaxes(1, 2))

    def conv(
        self, x: Tensor, kernel: Tensor, /, *, stride: int, padding: int, groups: int
    ) -> Tensor:
        """Return XLA's convolution."""
        return _convolve(x, kernel, stride, padding, groups=groups)

    def conv_transpose(self, x: Tensor, kernel: Tensor, /, *, stride: int, padding: int) -> Tensor:
        """Return XLA's convolution of the dilated image with the flipped kernel."""
        edge = kernel.shape[0] - 1 - padding
        return _convolve(x, kernel[::-1, ::-1], 1, edge, dilation=stride)


def _convolve(
    x: Tensor, kernel: Tensor, stride: int, padding: int, dilation: int = 1, groups: int = 1
) -> Tensor:
    return lax.conv_general_dilated(
        x,
        kernel,
        (stride, stride),
        [(padding, padding)] * 2,
        lhs_dilation=(dilation, dilation),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
    )


def _find_device(name: str) -> Any:  # noqa: ANN401 - JAX's.
    """Return the device called "cpu" or "gpu:1"; "auto" is the one that JAX prefers."""
    platform, _, number = name.partition(":")
    try:
        if platform and (index := int(number or 0)) >= 0:
            return jax.devices(None if name == "auto" else platform)[index]
    except (RuntimeError, IndexError, ValueError):
        pass
    known = ["auto", *dict.fromkeys(["cpu", *(f"{d.platform}:{d.id}" for d in jax.devices())])]
    raise UnknownName("device", name, known, "; 'gankit doctor' shows the devices")
