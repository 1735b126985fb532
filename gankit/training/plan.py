"""Draw the images, noise and random inputs of each step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gankit._utils.counts import check_count
from gankit._utils.plain_numbers import plain_numbers
from gankit.contract import AnyLabels, Block, Problem
from gankit.contract.code_numbers import code_numbers
from gankit.contract.random_inputs import RandomInputs, draw
from gankit.contract.random_streams import Stream, generator
from gankit.contract.scalars import scalars
from gankit.errors import ConfigError, shown


@dataclass(frozen=True)
@plain_numbers
class StepShape:
    """A step: discriminator updates, then one generator update.

    Attributes
    ----------
    batch
        Images per update, at least 1.
    n_critic
        Discriminator updates, at least 1; 1 by default.
    labelled
        How many images of each batch, the first ones, are drawn from those that have a label: 0,
        the default, to `batch`.
    """

    batch: int
    n_critic: int = 1
    labelled: int = 0

    def __post_init__(self) -> None:
        """Raise ConfigError for values of the wrong type or out of range."""
        check_count("batch", self.batch)
        check_count("n_critic", self.n_critic)
        if not 0 <= self.labelled <= self.batch:
            raise ConfigError(
                f"labelled: got {self.labelled}; expected at most {self.batch}, the batch"
            )


def plan(
    problem: Problem,
    step_shape: StepShape,
    images: int,
    start: int,
    steps: int,
    sources: int | None = None,
    labels: AnyLabels | None = None,
) -> Block:
    """Draw `steps` steps from step `start`: a pure function of the seed and the step.

    Images are drawn with replacement. Noise is drawn in float32 whatever the precision, so that
    runs of either precision get the same numbers.

    Parameters
    ----------
    problem
        The problem: latent width, seed, and the random inputs that it needs.
    step_shape
        `n_critic` and the batch size.
    images
        Number of images in the data set, at least 1.
    start, steps
        Whole numbers, at least 0.
    sources
        Number of sources, at least 1, if they are unpaired; None by default.
    labels
        `(images,)` labels, -1 for none; needed only for `step_shape.labelled`. None by default.

    Raises
    ------
    ConfigError
        One of these is invalid.
    """
    if not isinstance(step_shape, StepShape):
        expected = "a gankit.training.StepShape, such as StepShape(batch=8)"
        raise ConfigError(f"step_shape: got {shown(step_shape)}; expected {expected}")
    check_count("images", images)
    for name, value in (("start", start), ("steps", steps)):
        if not isinstance(value, int | np.integer) or value < 0:
            raise ConfigError(f"{name}: got {shown(value)}; expected a whole number, at least 0")
    updates, batch, span = step_shape.n_critic + 1, step_shape.batch, range(start, start + steps)
    index = np.empty((steps, updates, batch), np.int64)
    noise = np.empty((steps, updates, batch, problem.noise_width), np.float32)
    if problem.source == "unpaired":
        check_count("sources", sources)
    fresh = updates if problem.fresh_noise else updates - 1
    for row, r in enumerate(span):
        index[row] = generator(problem.seed, Stream.INDEX, r).integers(0, images, (updates, batch))
        if not problem.takes_noise:
            continue
        random = generator(problem.seed, Stream.NOISE, r)
        lead = (fresh, batch)
        noise[row, :fresh, :, : problem.latent] = random.standard_normal(
            (*lead, problem.latent), np.float32
        )
        noise[row, :fresh, :, problem.latent :] = code_numbers(problem.codes, problem.seed, r, lead)
        noise[row, fresh:] = noise[row, fresh - 1]
    if step_shape.labelled and labels is not None:
        known = np.flatnonzero(np.asarray(labels) >= 0)
        first = index[..., : step_shape.labelled]  # Uniform below `images`; so is its share below.
        first[...] = known[first * len(known) // images]
    return Block(
        seed=problem.seed,
        start=start,
        index=index,
        noise=noise.astype(problem.precision, copy=False),
        random=_random_inputs(problem, batch, updates, span),
        scalars=scalars(problem, batch, step_shape.n_critic, span),
        source_index=_source_index(problem, index, start, sources),
    )


def _source_index(
    problem: Problem, index: NDArray[np.int64], start: int, sources: int | None
) -> NDArray[np.int64] | None:
    """Return the indices of the sources: those of their images, or a stream of their own."""
    if problem.source != "unpaired" or sources is None:
        return index if problem.source else None
    drawn = np.empty_like(index)
    for row in range(len(index)):
        random = generator(problem.seed, Stream.SOURCE_INDEX, start + row)
        drawn[row] = random.integers(0, sources, index.shape[1:])
    return drawn


def _random_inputs(problem: Problem, batch: int, updates: int, span: range) -> RandomInputs:
    """Draw each random input of many steps, `(steps, updates, batch, ...)`."""
    drawn = [draw(problem, batch, updates, r) for r in span or [span.start]]
    return {name: np.stack([inputs[name] for inputs in drawn])[: len(span)] for name in drawn[0]}
