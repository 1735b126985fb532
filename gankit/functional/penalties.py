"""Gradient penalties, `gankit.penalties`: a pass with the gradients of its logits by its images.

A penalty that is due in every update may share the adversarial pass; others have one of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from gankit.augment import Half
from gankit.contract import strip_prefix
from gankit.functional.normalize import batch_moments
from gankit.functional.operations import Operations, Tensor, Tensors
from gankit.functional.passes import Passes


def adversarial(passes: Passes) -> tuple[Tensor, Tensor, Tensors, dict[Half, Tensor]]:
    """Return the adversarial pass of a discriminator update, whose running state moves.

    The results are the outputs for fakes and for reals, the running state, and the gradients
    of the logits by the images of each half that has shared penalties.
    """
    shared, ops = passes.problem.shared_penalties, passes.ops
    if not shared:
        return *passes.joined(moving=True), {}
    if len(shared) == 2:

        def joined(images: Tensor) -> tuple[Tensor, Tensors]:
            fakes, reals, running = passes.joined(ops.halves(images), moving=True)
            return ops.xp.concatenate([fakes, reals], axis=0), running

        images = ops.xp.concatenate([passes.images("fake"), passes.images("real")], axis=0)
        outputs, running, gradient = _with_gradient(passes, joined, images)
        by_fakes, by_reals = ops.halves(gradient)
        return *ops.halves(outputs), running, {"fake": by_fakes, "real": by_reals}
    (half,) = shared

    other: Half = "real" if half == "fake" else "fake"

    def alone(images: Tensor) -> tuple[Tensor, Tensors]:
        return passes.alone(images, half)

    outputs, _, gradient = _with_gradient(passes, alone, passes.images(half))
    others, running = passes.alone(passes.images(other), other, moving=True)
    made = {half: outputs, other: others}
    return made["fake"], made["real"], running, {half: gradient}


def separate(passes: Passes, number: int) -> Tensor:
    """Return the `number`-th penalty's term of the loss, a scalar, from a separate pass."""
    penalty = passes.problem.penalties[number]
    random = strip_prefix(passes.inputs.random, f"penalty/{number}")

    def outputs(images: Tensor) -> tuple[Tensor, Tensors]:
        return passes.alone(images, penalty.half, number=number + 1)

    real, fake = passes.images("real"), passes.images("fake")
    points = penalty.points(real, fake, random, partial(batch_deviation, passes.ops))
    _, _, gradient = _with_gradient(passes, outputs, points)
    return of_gradient(passes, number, gradient)


def of_gradient(passes: Passes, number: int, gradient: Tensor) -> Tensor:
    """Return the `number`-th penalty's term, given the gradient of each logit by its image."""
    xp, penalty = passes.ops.xp, passes.problem.penalties[number]
    (squares,) = passes.whole(xp.sum(xp.square(gradient), axis=(1, 2, 3)))
    if penalty.target == 0:
        powers = squares if penalty.power == 2 else squares ** (penalty.power / 2)
        value = 0.5 * xp.mean(powers)
    else:
        excess = xp.sqrt(squares + penalty.epsilon) - penalty.target
        value = xp.mean(xp.square(excess))
    return passes.ops.scale(passes.inputs.scalars[f"penalty/{number}"], value)


def batch_deviation(ops: Operations, images: Tensor) -> Tensor:
    """Return the population standard deviation of all values of the whole batch, a scalar."""
    xp = ops.xp
    if ops.sums.world.size > 1:
        return xp.sqrt(batch_moments(xp, ops.sums, images, (0, 1, 2, 3))[1])
    centred = images - xp.mean(images)
    return xp.sqrt(xp.mean(xp.square(centred)))


def _with_gradient(
    passes: Passes, outputs: Callable[[Tensor], tuple[Tensor, Tensors]], images: Tensor
) -> tuple[Tensor, Tensors, Tensor]:
    """Return both results of `outputs(images)`, and the gradient of each logit by its image."""
    xp = passes.ops.xp
    made, running, pull = passes.ops.input_vjp(outputs, images)
    ones, count = xp.ones_like(made[:, :1]), passes.problem.logits_per_image
    if count > 1:  # The logit of an image is the mean of its map.
        return made, running, pull(xp.ones_like(made) * (1 / count))
    if made.shape[1] > 1:  # Heads follow the logit.
        ones = xp.concatenate([ones, xp.zeros_like(made[:, 1:])], axis=1)
    return made, running, pull(ones)
