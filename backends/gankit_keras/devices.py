"""Devices by name."""

from __future__ import annotations

import tensorflow as tf

from gankit.errors import ConfigError


def device(name: str) -> str:
    """Return TensorFlow's name of a device; "auto" is the first GPU where there is one.

    TensorFlow itself would take the name of a device that is missing, and compute elsewhere.
    """
    known = {_short(found.name): found.name for found in tf.config.list_logical_devices()}
    if name == "auto":
        return str(known.get("GPU:0", known["CPU:0"]))
    if _short(name) not in known:
        raise ConfigError(f"unknown device {name!r} for keras; known: {', '.join(sorted(known))}")
    return str(known[_short(name)])


def _short(name: str) -> str:
    """Return "/device:cpu:0", "/CPU:0" and "cpu" as "CPU:0"."""
    short = name.upper().removeprefix("/").removeprefix("DEVICE:")
    return short if ":" in short else f"{short}:0"
