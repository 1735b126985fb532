"""Convert between arrays and tensors, by copies."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gankit.contract import Problem


def torch_dtype(problem: Problem) -> torch.dtype:
    """Return torch's dtype of the problem's precision."""
    return torch.float64 if problem.precision == "float64" else torch.float32


def to_array(tensor: Tensor) -> NDArray[Any]:
    """Return a copy as an array."""
    return np.array(tensor.detach().cpu().numpy())


def copy_into(tensor: Tensor, array: NDArray[Any]) -> None:
    """Assign in place, so that all references to the tensor see the new values."""
    with torch.no_grad():
        tensor.copy_(torch.tensor(array))
