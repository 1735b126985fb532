"""HIPS autograd as a framework for `gankit.functional`."""

import autograd.numpy as anp
import numpy as np
from autograd.core import make_vjp
from autograd.tracer import getval
from gankit.errors import UnknownName
from gankit.functional import Framework


class Autograd(Framework):
    """NumPy arrays whose operations are recorded."""

    xp = anp

    def __init__(self, precision, device):
        if device not in ("auto", "cpu"):
            raise UnknownName("device", device, ("auto", "cpu"))
        super().__init__(precision, device)

    def array(self, values, /):
        """Return the values themselves, copied."""
        return np.array(values)

    def numpy(self, tensor, /):
        """Return a copy."""
        return np.array(tensor)

    def constant(self, tensor, /):
        """Return the numbers without the record of how they were computed."""
        return getval(tensor)

    def scale(self, number, tensor, /):
        """Return the product in the tensor's precision."""
        return anp.array(number, tensor.dtype) * tensor

    def float64(self, tensor, /):
        """Return a tensor in float64."""
        return np.asarray(tensor, np.float64)

    def row_products(self, x, y, /):
        """Return the product of each row of `x` with each row of `y`."""
        return anp.matmul(x, anp.swapaxes(y, 1, 2))

    def value_and_grad(self, f, weights, /):
        """Return the value, what comes with it, and the gradient."""
        extra = []

        def value(weights):
            loss, more = f(dict(weights.items()))
            extra.append(more)
            return loss

        vjp, loss = make_vjp(value, weights)
        return loss, _untraced(extra[0]), vjp(np.ones_like(loss))

    def input_vjp(self, f, x, /):
        """Return the values, and the derivative, which can be differentiated again."""
        extra = []

        def value(x):
            made, more = f(x)
            extra.append(more)
            return made

        vjp, made = make_vjp(value, x)
        return made, extra[0], vjp


def _untraced(extra):
    """Return nested tuples and dictionaries with every tensor as a constant."""
    if isinstance(extra, tuple):
        return tuple(map(_untraced, extra))
    if isinstance(extra, dict):
        return {name: _untraced(tensor) for name, tensor in extra.items()}
    return getval(extra)
