"""JAX as a framework for `gankit.functional`."""

import jax
import jax.numpy as jnp
import numpy as np
from gankit.errors import ConfigError
from gankit.functional import Framework
from jax import lax


class Jax(Framework):
    """JAX arrays; updates are compiled functions, and blocks are scans of updates."""

    xp = jnp
    scan = staticmethod(lax.scan)

    def __init__(self, precision, device):
        jax.config.update("jax_enable_x64", True)  # Otherwise JAX silently computes in float32.
        super().__init__(precision, _device(device))

    def array(self, values, /):
        """Return a copy on the device; JAX shares the memory of a NumPy array where it can."""
        return jax.device_put(np.array(values), self.device)

    def numpy(self, tensor, /):
        """Return a copy."""
        return np.array(tensor)

    def constant(self, tensor, /):
        """Return the numbers without their gradient."""
        return lax.stop_gradient(tensor)

    def scale(self, number, tensor, /):
        """Return the product in the tensor's precision."""
        return jnp.asarray(number, tensor.dtype) * tensor

    def float64(self, tensor, /):
        """Return a tensor in float64."""
        return tensor.astype(jnp.float64)

    def value_and_grad(self, f, weights, /):
        """Return the value, what comes with it, and the gradient."""
        (value, extra), gradients = jax.value_and_grad(f, has_aux=True)(weights)
        return value, extra, gradients

    def vjp(self, f, weights, /):
        """Return the values, what comes with them, and the derivative, in one pass."""
        values, pull, extra = jax.vjp(f, weights, has_aux=True)
        return values, extra, lambda gradients: pull(gradients)[0]

    def input_vjp(self, f, x, /):
        """Return the values, and the derivative, which can be differentiated again."""
        value, pull, extra = jax.vjp(f, x, has_aux=True)
        return value, extra, lambda gradient: pull(gradient)[0]

    def cond(self, flag, f, otherwise, /):
        """Compute only one of the two."""
        return lax.cond(flag > 0, f, otherwise)

    def compile(self, function, /, *, consumes):
        """Compile for each shape of the arguments."""
        return jax.jit(function, donate_argnums=0 if consumes else ())

    def take(self, x, index, /, *, axis=0):
        """Return rows at these positions."""
        return jnp.take(x, index, axis=axis)

    def softplus(self, x, /):
        """Return log(1 + exp(x))."""
        return jax.nn.softplus(x)

    def sigmoid(self, x, /):
        """Return 1 / (1 + exp(-x))."""
        return jax.nn.sigmoid(x)

    def row_products(self, x, y, /):
        """Return the product of each row of `x` with each row of `y`."""
        return jnp.matmul(x, y.swapaxes(1, 2))

    def conv(self, x, kernel, /, *, stride, padding, groups):
        """Return XLA's convolution."""
        return _convolve(x, kernel, stride, padding, groups=groups)

    def conv_transpose(self, x, kernel, /, *, stride, padding):
        """Return XLA's convolution of the dilated image with the flipped kernel."""
        edge = kernel.shape[0] - 1 - padding
        return _convolve(x, kernel[::-1, ::-1], 1, edge, dilation=stride)


def _convolve(x, kernel, stride, padding, *, dilation=1, groups=1):
    return lax.conv_general_dilated(
        x,
        kernel,
        (stride, stride),
        [(padding, padding)] * 2,
        lhs_dilation=(dilation, dilation),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
    )


def _device(name):
    """Return the device called "cpu" or "gpu:1"; "auto" is the one that JAX prefers."""
    platform, _, number = name.partition(":")
    try:
        if not platform or (index := int(number or 0)) < 0:
            raise ValueError("give cpu, gpu:0 or a similar name")
        return jax.devices(None if name == "auto" else platform)[index]
    except (RuntimeError, IndexError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"unknown device {name!r} for jax: {reason}") from None
