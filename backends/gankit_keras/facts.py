"""Facts about Keras and TensorFlow on this machine."""

from __future__ import annotations

import os

from gankit_keras.framework import keras, tf


def facts() -> dict[str, str]:
    """Return both versions, Keras's settings, devices, threads and determinism."""
    threads = tf.config.threading
    chosen = "as the library chooses"
    return {
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "keras backend": keras.config.backend(),
        "devices": ", ".join(map(described, tf.config.list_physical_devices())),
        "cuda": "built in" if tf.test.is_built_with_cuda() else "not built in",
        "threads": str(threads.get_intra_op_parallelism_threads() or chosen),
        "threads between ops": str(threads.get_inter_op_parallelism_threads() or chosen),
        "deterministic ops": deterministic(),
        "tensorfloat-32": said(tf.config.experimental.tensor_float_32_execution_enabled()),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", chosen),
        "floatx": keras.config.floatx(),
        "dtype policy": keras.config.dtype_policy().name,
        "image data format": keras.config.image_data_format(),
    }


def described(device: object) -> str:
    """Return a device's name for `--device`, and the hardware's name, if known."""
    name = str(getattr(device, "name", device)).removeprefix("/physical_device:")
    details = tf.config.experimental.get_device_details(device)
    hardware = details.get("device_name")
    return f"{name} ({hardware})" if hardware else name


def deterministic() -> str:
    """Return whether operations are set to be deterministic; TensorFlow exposes it only inside."""
    try:
        from tensorflow.python.framework import config

        return said(config.is_op_determinism_enabled())
    except (ImportError, AttributeError):
        return "unknown"


def said(flag: bool) -> str:
    """Return a flag as text.

    >>> said(False)
    'off'
    """
    return "on" if flag else "off"
