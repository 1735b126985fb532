"""Make arrays of the tensors of any framework, without importing it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._text import one_line
from gankit._utils.file_array import FileArray
from gankit.errors import ConfigError, shown

MOST_CHANNELS = 4
"""An array with more channels is not recognised as channels-first images or as one picture."""


def is_picture(given: object) -> bool:
    """Return whether an object is a picture of Pillow."""
    return all(hasattr(given, name) for name in ("getbands", "convert", "mode"))


def is_array(given: object) -> bool:
    """Return whether an object is an array or a tensor: it offers its values to NumPy."""
    offers = ("__array__", "__array_interface__", "__dlpack__")
    if isinstance(given, type) or is_picture(given):
        return False
    return isinstance(given, FileArray) or any(hasattr(given, name) for name in offers)


def as_array(given: Any, name: str) -> NDArray[Any]:  # noqa: ANN401 - any framework's tensor.
    """Return an array or a tensor as an array; a tensor on a GPU is copied.

    Raises
    ------
    ConfigError
        NumPy cannot read it, or it has masked values.
    """
    if isinstance(given, np.ma.MaskedArray):
        if np.ma.is_masked(given):
            remedy = f"leave masked {name} out, or give {name}.filled(value)"
            raise ConfigError(f"{name}: got an array with masked values; {remedy}")
        return np.asarray(given)
    if isinstance(given, np.ndarray | FileArray):
        return given  # type: ignore[return-value]
    try:
        if hasattr(given, "detach") and hasattr(given, "cpu"):  # Of torch: NumPy needs both.
            given = given.detach().cpu()
            if str(given.dtype) == "torch.bfloat16":  # NumPy has no such numbers.
                given = given.float()
        if not hasattr(given, "__array__") and hasattr(given, "__dlpack__"):
            return np.from_dlpack(given)
        return np.asanyarray(given)
    except Exception as error:  # Libraries raise errors of many types.
        raise ConfigError(f"{name}: got {shown(given)}; {one_line(error)}") from None


def is_channels_first(shape: tuple[int, ...]) -> bool:
    """Return whether images of this shape have their channels first: (..., C, H, W).

    >>> [is_channels_first(s) for s in ((9, 3, 8, 8), (1, 28, 28), (9, 8, 8, 3), (9, 28, 28))]
    [True, True, False, False]
    """
    return len(shape) > 2 and shape[-3] in (1, 3) and min(shape[-2:]) > MOST_CHANNELS


def channels_last(images: NDArray[Any]) -> NDArray[Any]:
    """Return images of `(..., C, H, W)` as a view of `(..., H, W, C)`."""
    return np.moveaxis(images, -3, -1)
