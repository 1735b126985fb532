"""Values as TOML on one line."""

from __future__ import annotations

import json
from typing import Any


def inline(value: Any) -> str:  # noqa: ANN401 - TOML values nest freely.
    """Return a value as one line of TOML.

    >>> inline([{"layer": "dense", "units": 64}, True])
    '[{ layer = "dense", units = 64 }, true]'
    """
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {inline(v)}" for key, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps(value)
