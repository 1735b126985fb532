"""TensorFlow, for the modules of the backend that run on it: devices and compiled functions."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gankit.errors import UnknownName
from gankit_keras.keras_import import Tensor, Variable, keras

__all__ = ["Tensor", "Variable", "compiled", "device_name", "keras", "tf"]


def _tensorflow() -> Any:  # noqa: ANN401 - TensorFlow has no types.
    """Return TensorFlow, which the import of Keras has imported quietly."""
    import tensorflow

    return tensorflow


tf = _tensorflow()

XLA = "GANKIT_KERAS_XLA"
"""If set in the environment, XLA compiles the updates."""


def use_xla() -> bool:
    """Return whether XLA compiles the updates."""
    return bool(os.environ.get(XLA))


def device_name(device: str) -> str | None:
    """Return TensorFlow's name of `device`, or None if TensorFlow chooses.

    "cuda", torch's name, is accepted for a GPU.

    Raises
    ------
    UnknownName
        The device does not exist. TensorFlow itself would silently use another.
    """
    if device == "auto":
        return None
    # Beside other processes, a name begins with that of its process; only this one's are visible.
    known = [d.name.rpartition("/device:")[2] for d in tf.config.list_logical_devices()]
    known = list(dict.fromkeys(known))
    name = device.upper().removeprefix("/DEVICE:").replace("CUDA", "GPU")
    name = name if ":" in name else f"{name}:0"
    if name not in known:
        raise UnknownName("device", device, ["auto", *known])
    return f"/device:{name}"


def compiled(
    function: Callable[..., Any],
    device: str | None,
    *signature: Any,  # noqa: ANN401
    by_xla: bool = False,
) -> Any:  # noqa: ANN401
    """Compile `function` for `device`, once for all sizes that `signature` leaves open.

    TensorFlow optimises it separately: if it were optimised together with its caller, an update
    would not give the same bits in a block and alone.
    """

    def on_device(*inputs: Tensor) -> Tensor:
        with tf.device(device):
            return function(*inputs)

    # TensorFlow counts traces by line of code, and would warn of a second trainer; a partial has
    # no line.
    without_line = functools.partial(on_device)
    function_of_tensorflow = tf.function(
        without_line,
        signature,
        autograph=False,
        jit_compile=by_xla,
        experimental_attributes={"_noinline": True},
    )

    def call(*inputs: Any) -> Any:  # noqa: ANN401
        with _sums_as_written():
            return function_of_tensorflow(*inputs)

    return call


@contextmanager
def _sums_as_written() -> Iterator[None]:
    """Keep TensorFlow from making one sum of `a + b + c`.

    That sum begins with a term whose memory it may take over, which depends on the threads that run
    at the moment; so the same update would sometimes give another last bit.
    """
    options, name = tf.config.optimizer, "arithmetic_optimization"
    before = options.get_experimental_options().get(name, True)
    options.set_experimental_options({name: False})
    try:
        yield
    finally:
        options.set_experimental_options({name: before})
