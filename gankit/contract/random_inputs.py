"""The random inputs of an update beside noise, by name.

    flip                              (B, 1, 1, 1) bool, whether a real image is mirrored
    penalty/0/alpha                   (B, 1, 1, 1) in [0, 1), of "between" and "around"
    penalty/0/noise                   (B, height, width, channels) in [0, 1), of "around"
    instance/real, instance/fake      (B, height, width, channels) standard normal
    sample/code                       (B, size) standard normal, of the pass "sample(x)"
    augment/real/brightness/value     (B, 1, 1, 1); so for saturation and contrast
    augment/real/translation/offsets  (B, 2) int64
    augment/real/cutout/rows          (B, height, 1, 1), 1 inside the rectangle; columns likewise
    augment/real/affine/maps          (B, 2, 3), as `gankit.augment.AugmentOps.warp` takes them
    augment/real/turn/maps            (B, 2, 3); so for affine and flip
    augment/real/turn/transposed      (B, 1, 1, 1), 1 if height and width are swapped; square images
    augment/real/brightness/gate      (B, 1, 1, 1) in [0, 1), if the augmentation is gated

All are drawn in float32, whatever the precision, so that runs of either get the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit.contract.problem import Problem
from gankit.contract.random_streams import Stream, generator
from gankit.layers import Shape

RandomInputs: TypeAlias = dict[str, NDArray[Any]]
PIXEL: Shape = (1, 1, 1)
RANGES = {"brightness": (-0.5, 0.5), "saturation": (0.0, 2.0), "contrast": (0.5, 1.5)}
TRANSLATION = 0.125
CUTOUT = 0.5
AFFINE = {"angle": 0.3, "shear": 0.3, "log_scale": 0.2, "shift": 0.075}
"""The most of each number of "affine": the angle in radians, the shift as a share of the side."""


def draw(problem: Problem, batch: int, updates: int, step: int) -> RandomInputs:
    """Draw for all `updates` of a step, the generator's last: `(updates, batch, ...)` by name."""
    made = dict(_draws(problem, (updates, batch), step))
    return {
        name: array.astype(problem.precision) if array.dtype == np.float32 else array
        for name, array in made.items()
    }


def layout(problem: Problem) -> dict[str, tuple[Shape, np.dtype[Any]]]:
    """Return the shape and dtype of each random input of `problem`, without updates and batch."""
    return {name: (a.shape[2:], a.dtype) for name, a in draw(problem, 1, 2, 0).items()}


def _draws(
    problem: Problem, lead: tuple[int, int], step: int
) -> Iterator[tuple[str, NDArray[Any]]]:
    def random(stream: Stream, part: int) -> np.random.Generator:
        return generator(problem.seed, stream, step, part)

    if problem.flip:
        yield "flip", random(Stream.FLIP, 0).random((*lead, *PIXEL)) < 0.5
    for i, penalty in enumerate(problem.penalties):
        if penalty.where in ("between", "around"):
            yield f"penalty/{i}/alpha", _critic(random(Stream.PENALTY, i), lead, PIXEL)
        if penalty.where == "around":
            noise = random(Stream.PENALTY, len(problem.penalties) + i)
            yield f"penalty/{i}/noise", _critic(noise, lead, problem.image_shape)
    for part, (name, width) in enumerate(problem.values.sampled.items()):
        normal = random(Stream.PASSES, part).standard_normal
        yield f"sample/{name}", normal((*lead, width), np.float32)
    for part, half in enumerate(problem.views):
        if problem.noisy:
            normal = random(Stream.INSTANCE, part).standard_normal
            yield f"instance/{half}", normal((*lead, *problem.image_shape), np.float32)
        if problem.augment:
            numbers = random(Stream.AUGMENT, part)
            for name in problem.augment.policy:
                for role, array in TRANSFORMS[name](numbers, name, lead, problem.image_shape):
                    yield f"augment/{half}/{name}/{role}", array
                if problem.augment.gated:
                    gate = numbers.random((*lead, *PIXEL), np.float32)
                    yield f"augment/{half}/{name}/gate", gate


def _critic(random: np.random.Generator, lead: tuple[int, int], shape: Shape) -> NDArray[Any]:
    """Draw from U(0, 1) for the discriminator's updates; zeros for the generator's."""
    updates, batch = lead
    array = np.zeros((*lead, *shape), np.float32)
    array[:-1] = random.random((updates - 1, batch, *shape), np.float32)
    return array


Roles: TypeAlias = Iterator[tuple[str, NDArray[Any]]]


def _value(random: np.random.Generator, name: str, lead: tuple[int, int], _shape: Shape) -> Roles:
    low, high = RANGES[name]
    yield "value", random.random((*lead, *PIXEL), np.float32) * np.float32(high - low) + low


def _offsets(random: np.random.Generator, _name: str, lead: tuple[int, int], shape: Shape) -> Roles:
    most = [int(side * TRANSLATION + 0.5) for side in shape[:2]]
    sides = [random.integers(-m, m + 1, lead) for m in most]
    yield "offsets", np.stack(sides, axis=-1)


def _rectangle(
    random: np.random.Generator, _name: str, lead: tuple[int, int], shape: Shape
) -> Roles:
    height, width = shape[:2]
    yield "rows", _span(random, lead, height)[..., None, None]
    yield "columns", _span(random, lead, width)[:, :, None, :, None]


def _span(random: np.random.Generator, lead: tuple[int, int], side: int) -> NDArray[np.float32]:
    """Return `(*lead, side)`, 1 within half the side around a random center, clipped."""
    size = int(side * CUTOUT + 0.5)
    first = random.integers(0, side + 1 - size % 2, (*lead, 1)) - size // 2
    place = np.arange(side)
    return ((place >= first) & (place < first + size)).astype(np.float32)


def _maps(random: np.random.Generator, _name: str, lead: tuple[int, int], shape: Shape) -> Roles:
    """Draw turned, sheared, scaled and shifted images; write each as two passes.

    A pixel at (x, y) from the centre comes from (u, v) = A (x, y) + (right, down), with
    A = scale * (rotation by the angle) * (1, shear; 0, 1). The pass over the columns reads v of x
    and y, so the pass over the rows, which comes before it, must read u of x and v.
    """
    draws = 2 * random.random((5, *lead), np.float32) - 1
    angle, shear, log_scale = (draws[i] * AFFINE[k] for i, k in enumerate(list(AFFINE)[:3]))
    down, right = (draws[3 + i] * (AFFINE["shift"] * shape[i]) for i in range(2))
    cosine, sine = np.cos(angle) * np.exp(log_scale), np.sin(angle) * np.exp(log_scale)
    across, along = shear * cosine - sine, shear * sine + cosine
    tilt = across / along
    rows = [cosine - tilt * sine, tilt, right - tilt * down]
    columns = [along, sine, down]
    maps = np.stack([np.stack(rows, axis=-1), np.stack(columns, axis=-1)], axis=-2)
    yield "maps", maps.astype(np.float32)


def _mirrored(
    random: np.random.Generator, _name: str, lead: tuple[int, int], _shape: Shape
) -> Roles:
    yield "maps", _reversed(random.random(lead, np.float32) < np.float32(0.5), np.zeros(lead, bool))


def _turned(random: np.random.Generator, _name: str, lead: tuple[int, int], shape: Shape) -> Roles:
    """Draw quarter turns: a turn is a transposition, then rows or columns in reverse order."""
    quarters = random.integers(0, 4, lead)
    if shape[0] == shape[1]:
        yield "transposed", (quarters % 2).astype(np.float32)[..., None, None, None]
    else:
        quarters = quarters // 2 * 2
    yield "maps", _reversed(quarters >= 2, (quarters == 1) | (quarters == 2))


def _reversed(across: NDArray[np.bool_], down: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the maps of images whose pixels are in reverse order across, or down, where True."""
    maps = np.zeros((*across.shape, 2, 3), np.float32)
    maps[..., 0, 0], maps[..., 1, 0] = 1 - 2 * across, 1 - 2 * down
    return maps


TRANSFORMS: dict[str, Callable[[np.random.Generator, str, tuple[int, int], Shape], Roles]] = {
    **dict.fromkeys(RANGES, _value),
    "translation": _offsets,
    "cutout": _rectangle,
    "affine": _maps,
    "flip": _mirrored,
    "turn": _turned,
}
