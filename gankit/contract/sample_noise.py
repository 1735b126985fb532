"""The noise of samples, codes included, as a pure function of the seed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gankit._utils.counts import check_count
from gankit.contract.code_numbers import sample_codes
from gankit.contract.latents import chunks, truncated
from gankit.contract.problem import Problem
from gankit.contract.random_streams import check_seed
from gankit.contract.specification import Array


def sample_noise(problem: Problem, n: int, seed: int) -> Array:
    """Return the `(n, noise_width)` float32 noise with which `Run.sample` generates images.

    The first rows do not depend on `n`.
    """
    (whole,) = sample_noise_chunks(problem, n, seed, n)
    return whole


def sample_noise_chunks(
    problem: Problem, n: int, seed: int, size: int, truncation: float | None = None
) -> Iterator[Array]:
    """Yield `sample_noise`, at most `size` rows at a time.

    Parameters
    ----------
    truncation
        Bound of the normal columns, as in `gankit.contract.latents.truncated`; codes have none.
        None, the default, for no bound.
    """
    if not problem.takes_noise:
        check_count("n", n)
        check_seed(seed)
        return (np.zeros((min(size, n - start), 0), np.float32) for start in range(0, n, size))
    if truncation is None:
        normal = chunks(n, problem.latent, seed, size)
    else:
        bounded = truncated(n, problem.latent, seed, truncation)
        normal = (bounded[start : start + size] for start in range(0, n, size))
    if not problem.codes:
        return normal
    sizes = [min(size, n - start) for start in range(0, n, size)]
    drawn = zip(normal, sample_codes(problem.codes, seed, sizes), strict=True)
    return (np.concatenate(parts, axis=1) for parts in drawn)
