"""TensorFlow's version, devices and settings on this machine."""

from __future__ import annotations

import os

from gankit_keras.framework import tf


def environment() -> dict[str, str]:
    """Return its version, devices, threads and determinism."""
    threads = tf.config.threading
    unset = "as the library chooses"
    return {
        "version": tf.__version__,
        "devices": ", ".join(map(device_text, tf.config.list_physical_devices())),
        "cuda": "built in" if tf.test.is_built_with_cuda() else "not built in",
        "threads": str(threads.get_intra_op_parallelism_threads() or unset),
        "threads between ops": str(threads.get_inter_op_parallelism_threads() or unset),
        "deterministic ops": deterministic(),
        "tensorfloat-32": on_or_off(tf.config.experimental.tensor_float_32_execution_enabled()),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", unset),
    }


def device_text(device: object) -> str:
    """Return a device's name for `--device`, and the hardware's name, if known."""
    name = str(getattr(device, "name", device)).removeprefix("/physical_device:")
    details = tf.config.experimental.get_device_details(device)
    hardware = details.get("device_name")
    return f"{name} ({hardware})" if hardware else name


def deterministic() -> str:
    """Return whether operations are set to be deterministic; TensorFlow has no public function."""
    try:
        from tensorflow.python.framework import config

        return on_or_off(config.is_op_determinism_enabled())
    except (ImportError, AttributeError):
        return "unknown"


def on_or_off(flag: bool) -> str:
    """Return a flag as text.

    >>> on_or_off(False)
    'off'
    """
    return "on" if flag else "off"
