"""Whether a batch has whole groups of images, as `gankit.layers.MinibatchStd` needs them."""

from __future__ import annotations

from gankit.contract.problem import Problem
from gankit.contract.world import World
from gankit.errors import ConfigError
from gankit.layers import MinibatchStd
from gankit.layers.specs import flat


def check_groups(problem: Problem, batch: int) -> None:
    """Raise ConfigError unless every process has whole groups of a batch of `batch` images."""
    size = problem.world.size
    for group in _groups(problem):
        rows = (World(rank, size).share(batch) for rank in range(size))
        if any(own.stop % group for own in rows):
            where = f" in each of {size} processes" if size > 1 else ""
            raise ConfigError(
                f"batch: got {batch} images; expected whole groups of {group}{where}, for "
                "minibatch-std.group; change either"
            )


def _groups(problem: Problem) -> set[int]:
    """Return the sizes of the groups of the networks' layers."""
    specs = (s for s in (problem.generator, problem.discriminator) if isinstance(s, tuple))
    layers = (layer for spec in specs for layer in flat(spec))
    return {layer.group for layer in layers if isinstance(layer, MinibatchStd) and layer.group}
