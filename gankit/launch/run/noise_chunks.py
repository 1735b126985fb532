"""Noise for the images of a run, in chunks that bound the memory."""

from __future__ import annotations

from collections.abc import Iterator

from gankit.contract import Array, Problem
from gankit.contract.sample_noise import sample_noise_chunks
from gankit.launch.run.code_values import CodeValues, code_values

CHUNK = 1024
"""Images generated in one call."""


def noise_chunks(
    problem: Problem,
    n: int,
    seed: int,
    truncation: float | None,
    codes: CodeValues | None = None,
) -> Iterator[Array]:
    """Return an iterator over `(n, noise_width)` noise, truncated and with codes as requested."""
    noise = sample_noise_chunks(problem, n, seed, CHUNK, truncation)
    if not codes:
        return noise
    return _with_codes(problem, noise, code_values(problem, n, codes))


def _with_codes(
    problem: Problem, noise: Iterator[Array], values: dict[str, Array]
) -> Iterator[Array]:
    """Yield chunks of noise with these values of codes."""
    start = 0
    for part in noise:
        for name, rows in values.items():
            part[:, problem.code_columns[name]] = rows[start : start + len(part)]
        yield part
        start += len(part)


def row_chunks(noise: Array) -> Iterator[Array]:
    """Return an iterator over the rows of noise, 1,024 at a time."""
    return (noise[start : start + CHUNK] for start in range(0, len(noise), CHUNK))
