"""What an update is given, as tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gankit.functional.operations import Tensor, Tensors


class Inputs(NamedTuple):
    """The inputs of one update as tensors.

    B is the size of the batch. If several processes train together, `noise` and `labels` are those
    of the whole batch, and every other tensor has this process's rows alone.

    Attributes
    ----------
    real
        `(B, height, width, channels)` images in [-1, 1]; None, or no rows, if the update does not
        use them.
    noise
        `(B, latent)`.
    labels
        Labels of the images as the networks take them, by default `(B, classes)` one-hot, zeros for
        none, or `(B, columns)` vectors; None if the problem has no labels.
    random
        Every other random input, as in `gankit.contract.Batch`; offsets in the problem's precision.
    scalars
        Floats, or float64 scalars on the device, as in `gankit.contract.Batch`.
    masks
        Dropout masks as the networks take them, by default by the names of
        `gankit.contract.dropout_masks`.
    followers
        The scalars of each follower, by its name in the state; the update fills them in.
    source
        `(B, height, width, channels)` sources in [-1, 1]; the default, an empty tuple, without any.
    """

    real: Tensor | None
    noise: Tensor
    labels: Tensor | None
    random: Mapping[str, Tensor]
    scalars: Mapping[str, Tensor]
    masks: Any
    followers: Mapping[str, Tensors]
    source: Tensor | tuple[()] = ()
