"""torch's functions with NumPy's names and arguments: those of `functional.NAMES`.

`keras.ops` has these names too, but on torch its matmul rounds float64 to float32.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

broadcast_to = torch.broadcast_to
clip = torch.clip
concatenate = torch.concatenate
exp = torch.exp
log = torch.log
log1p = torch.log1p
matmul = torch.matmul
max = torch.amax  # noqa: A001 - NumPy's name.
mean = torch.mean
ones_like = torch.ones_like
reshape = torch.reshape
sqrt = torch.sqrt
square = torch.square
sum = torch.sum  # noqa: A001 - NumPy's name.
tanh = torch.tanh
where = torch.where
zeros_like = torch.zeros_like


def pad(tensor: Tensor, widths: Sequence[Sequence[int]], _mode: str) -> Tensor:
    """Surround a tensor with zeros."""
    return functional.pad(tensor, [width for pair in reversed(widths) for width in pair])
