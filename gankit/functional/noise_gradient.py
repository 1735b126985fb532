"""The gradient of a generator's squared error at its noise."""

from __future__ import annotations

from collections.abc import Callable

from gankit.functional.networks import inputs_of
from gankit.functional.operations import Operations, Tensor


def noise_gradient(
    ops: Operations,
    generate: Callable[[Tensor | tuple[Tensor, ...]], Tensor],
    inputs: Tensor | tuple[Tensor, ...],
    targets: Tensor,
    position: int = 0,
) -> tuple[Tensor, Tensor]:
    """Return the images of `inputs`, and the gradient of their squared error at the noise.

    Both are constants.

    Parameters
    ----------
    ops
        The operations on all tensors.
    generate
        The generator in inference mode: inputs to images.
    inputs
        `(n, latent)` noise, or a tuple with noise and source.
    targets
        `(n, height, width, channels)`: the error is half the sum of (images - targets)^2, so its
        gradient at the images is their difference.
    position
        Number of the noise among the inputs, `Problem.noise_position`; 0 by default.
    """
    given = inputs_of(inputs)

    def of_noise(noise: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        replaced = (*given[:position], noise, *given[position + 1 :])
        return generate(replaced if len(replaced) > 1 else noise), {}

    images, _, pull = ops.input_vjp(of_noise, given[position])
    gradient = pull(ops.constant(images) - targets)
    return ops.constant(images), ops.constant(gradient)
