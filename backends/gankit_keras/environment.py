"""The versions, devices and settings of Keras, and of the framework that it runs on here."""

from __future__ import annotations

from gankit_keras.keras_import import keras


def environment() -> dict[str, str]:
    """Return the framework's version, devices and settings, and Keras's; imports both."""
    framework = keras.backend.backend()
    facts = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[framework]()
    version = {framework: facts.pop("version")}
    return version | {
        "keras": keras.__version__,
        "keras backend": framework,
        **facts,
        "floatx": keras.config.floatx(),
        "dtype policy": keras.config.dtype_policy().name,
        "image data format": keras.config.image_data_format(),
    }


def _tensorflow() -> dict[str, str]:
    from gankit_keras.tensorflow_environment import environment

    return environment()


def _jax() -> dict[str, str]:
    import jax

    return {"version": jax.__version__, "devices": ", ".join(map(str, jax.devices()))}


def _torch() -> dict[str, str]:
    import torch

    devices = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    return {
        "version": torch.__version__,
        "devices": ", ".join(["cpu", *devices]),
        "threads": str(torch.get_num_threads()),
    }
