"""Noise for the images of a run, in chunks that bound the memory."""

from __future__ import annotations

from collections.abc import Iterator

from gankit.contract import Array
from gankit.contract.latents import chunks, truncated

CHUNK = 1024
"""Images generated in one call."""


def noise_chunks(n: int, latent: int, seed: int, truncation: float | None) -> Iterator[Array]:
    """Return an iterator over `(n, latent)` noise, truncated if requested."""
    if truncation is None:
        return chunks(n, latent, seed, CHUNK)
    return row_chunks(truncated(n, latent, seed, truncation))


def row_chunks(noise: Array) -> Iterator[Array]:
    """Return an iterator over the rows of noise, 1,024 at a time."""
    return (noise[start : start + CHUNK] for start in range(0, len(noise), CHUNK))
