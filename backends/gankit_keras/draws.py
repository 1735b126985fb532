"""The random numbers of a pass in training: dropout's masks, or a native network's seed."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

Draws: TypeAlias = tuple[Any, ...]
"""What one pass takes, as tensors, arrays or `tf.TensorSpec`s; a block stacks them in front."""


class StepDraws(NamedTuple):
    """What the passes of one step take, of each network."""

    generator: Draws
    discriminator: Draws
