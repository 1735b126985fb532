"""torch under Keras as a framework for `gankit.functional`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from gankit.contract import Precision
from gankit.errors import ConfigError, UnknownName
from gankit.functional import Extra, Framework, Pull, Tensors
from gankit_keras import torch_functions
from gankit_keras.keras_import import keras


class Torch(Framework):
    """torch's tensors; updates run operation by operation."""

    xp = torch_functions

    def __init__(self, precision: Precision, device: str) -> None:
        super().__init__(precision, device)
        self._device = _find_device(device)

    def array(self, values: NDArray[Any], /) -> Tensor:
        """Return a tensor on the device."""
        return torch.tensor(values.copy(), device=self._device)

    def numpy(self, tensor: Tensor, /) -> NDArray[Any]:
        """Return a copy."""
        return np.array(tensor.detach().cpu().numpy())

    def constant(self, tensor: Tensor, /) -> Tensor:
        """Return the numbers without their gradient."""
        return tensor.detach()

    def scale(self, number: float | Tensor, tensor: Tensor, /) -> Tensor:
        """Return the product in the tensor's precision, also for a tensor of one number."""
        number = number.to(tensor.dtype) if isinstance(number, Tensor) else number
        return number * tensor

    def float64(self, tensor: Tensor, /) -> Tensor:
        """Return a tensor in float64."""
        return tensor.double()

    def value_and_grad(
        self, f: Callable[[Tensors], tuple[Tensor, Extra]], weights: Tensors, /
    ) -> tuple[Tensor, Extra, Tensors]:
        """Return the value, what comes with it, and the gradient."""

        def named(weights: Tensors) -> tuple[Tensors, Extra]:
            value, extra = f(weights)
            return {"value": value}, extra

        values, extra, pull = self.vjp(named, weights)
        value = values["value"]
        return value, extra, pull({"value": torch.ones_like(value)})

    def vjp(
        self, f: Callable[[Tensors], tuple[Tensors, Extra]], weights: Tensors, /
    ) -> tuple[Tensors, Extra, Pull]:
        """Return the values, what comes with them, and the derivative, in one pass."""
        leaves = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
        values, extra = f(leaves)
        differentiable = [name for name, value in values.items() if value.requires_grad]

        def pull(gradients: Tensors) -> Tensors:
            found: list[Tensor | None] = []
            if differentiable:
                found += torch.autograd.grad(
                    [values[name] for name in differentiable],
                    [*leaves.values()],
                    [gradients[name] for name in differentiable],
                    allow_unused=True,
                )
            if all(each is None for each in found):
                raise ConfigError(
                    "a network's loss depends on none of its weights; "
                    "does the model call stop_gradient?"
                )
            return {
                name: torch.zeros_like(leaf) if each is None else each
                for (name, leaf), each in zip(leaves.items(), found, strict=True)
            }

        return _detached(values), _detached(extra), pull

    def input_vjp(
        self, f: Callable[[Tensor], tuple[Tensor, Tensors]], x: Tensor, /
    ) -> tuple[Tensor, Tensors, Callable[[Tensor], Tensor]]:
        """Return the values, and the derivative, which can be differentiated again."""
        x = x.detach().requires_grad_()
        value, extra = f(x)

        def pull(gradient: Tensor) -> Tensor:
            return torch.autograd.grad(value, x, gradient, create_graph=True)[0]

        return value, extra, pull

    def compile(self, function: Callable[..., Any], /, *, consumes: bool) -> Callable[..., Any]:
        """Run on the device: Keras moves every tensor to the one that it is set to."""
        del consumes

        def on_device(*inputs: Any) -> Any:  # noqa: ANN401 - any function's.
            with keras.device(str(self._device)):
                return function(*inputs)

        return on_device

    def relu(self, x: Tensor, /) -> Tensor:
        """Return max(x, 0)."""
        return x.relu()

    def leaky_relu(self, x: Tensor, slope: float, /) -> Tensor:
        """Return max(x, slope * x)."""
        return functional.leaky_relu(x, slope)

    def row_products(self, x: Tensor, y: Tensor, /) -> Tensor:
        """Return the product of each row of `x` with each row of `y`."""
        return x @ y.transpose(1, 2)

    def conv(
        self, x: Tensor, kernel: Tensor, /, *, stride: int, padding: int, groups: int
    ) -> Tensor:
        """Return torch's convolution, whose gradients need a contiguous kernel."""
        transposed = kernel.permute(3, 2, 0, 1).contiguous()
        images = x.permute(0, 3, 1, 2)
        made = functional.conv2d(images, transposed, None, stride, padding, groups=groups)
        return made.permute(0, 2, 3, 1)

    def conv_transpose(self, x: Tensor, kernel: Tensor, /, *, stride: int, padding: int) -> Tensor:
        """Return torch's transposed convolution."""
        transposed = kernel.permute(2, 3, 0, 1).contiguous()
        images = x.permute(0, 3, 1, 2)
        made = functional.conv_transpose2d(images, transposed, None, stride, padding)
        return made.permute(0, 2, 3, 1)


@contextmanager
def seeded(random: Mapping[str, Tensor] | None) -> Iterator[None]:
    """Seed the device's own generator for a pass in training mode; restore it afterwards.

    A `keras.layers.Dropout` without a seed of its own draws from it. `random` are the model's
    random inputs, or None in inference mode. The generators of other devices are untouched.
    """
    if not random:
        yield
        return
    seed, _ = next(iter(random.values()))
    generator = torch.default_generator
    if seed.device.type == "cuda":
        generator = torch.cuda.default_generators[seed.device.index]
    before = generator.get_state()
    generator.manual_seed(int(seed))
    try:
        yield
    finally:
        generator.set_state(before)


def _find_device(name: str) -> torch.device:
    """Return the device called "cpu" or "cuda:1"; "auto" is a GPU of CUDA if there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    device = None
    try:
        device = torch.device(name)
        torch.empty(0, dtype=torch.float64, device=device)
    except (RuntimeError, AssertionError, TypeError) as error:
        # For a name that it does not know, torch lists the types of devices of all machines.
        told = str(error).splitlines()[0].partition(". ")[0]
        reason = told if device else "'gankit doctor' shows the devices"
        known = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
        raise UnknownName("device", name, ["auto", "cpu", *known], f"; {reason}") from None
    return device


def _detached(extra: Extra) -> Extra:
    """Return nested tuples and dictionaries with every tensor as a constant."""
    if isinstance(extra, tuple):
        return tuple(map(_detached, extra))
    if isinstance(extra, dict):
        return {name: _detached(tensor) for name, tensor in extra.items()}
    return extra.detach()
