"""Make one array of labels that were given from Python."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._text import one_line
from gankit.data.as_array import as_array, is_array
from gankit.errors import ConfigError, shown


def label_array(given: object) -> NDArray[Any]:
    """Return labels as an array: of an array, a tensor, a list, a column or a generator.

    Raises
    ------
    ConfigError
        They are nothing of these, or other objects than numbers and names.
    """
    if is_array(given):
        found = as_array(given, "labels")
    elif isinstance(given, Mapping | str | bytes | os.PathLike) or not isinstance(given, Iterable):
        raise ConfigError(f"labels: got {shown(given)}; expected an array (N,), or a list")
    else:
        labels = [as_array(one, "labels") if is_array(one) else one for one in given]
        try:
            found = np.asarray(labels)
        except ValueError as error:
            raise ConfigError(f"labels: got {shown(given)}; {one_line(error)}") from None
    if found.dtype == object and not all(isinstance(one, str) for one in found.ravel()):
        raise ConfigError(
            f"labels: got {shown(given)}, which has other objects; expected an array (N,); give "
            "whole numbers from 0 on, or names"
        )
    return found
