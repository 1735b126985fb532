"""The gradient of a generator's squared error at its noise."""

from __future__ import annotations

from collections.abc import Callable

from gankit.functional.operations import Operations, Tensor


def noise_gradient(
    ops: Operations, generate: Callable[[Tensor], Tensor], noise: Tensor, targets: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the images of `noise`, and the gradient of their squared error at it, constants.

    Parameters
    ----------
    ops
        The operations on all tensors.
    generate
        The generator in inference mode: noise to images.
    noise
        `(n, latent)`.
    targets
        `(n, height, width, channels)`: the error is half the sum of (images - targets)^2, so its
        gradient at the images is their difference.
    """
    images, _, pull = ops.input_vjp(lambda x: (generate(x), {}), noise)
    gradient = pull(ops.constant(images) - targets)
    return ops.constant(images), ops.constant(gradient)
