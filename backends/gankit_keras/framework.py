"""Import Keras on TensorFlow once, quietly, for all other modules of the backend."""

from __future__ import annotations

import functools
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, TypeAlias

from gankit.errors import BackendUnavailable, UnknownName

__all__ = ["Tensor", "Variable", "compiled", "device_name", "keras", "tf"]

Tensor: TypeAlias = Any
"""A `tf.Tensor`; TensorFlow has no types for mypy."""
Variable: TypeAlias = Any
"""A `tf.Variable`."""

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


def _import() -> tuple[Any, Any]:
    """Import Keras on TensorFlow; BackendUnavailable with the reason if it fails."""
    _check(os.environ.setdefault("KERAS_BACKEND", "tensorflow"))
    try:
        with _captured_stderr():
            import keras
            import tensorflow
    except ImportError as error:
        reason = str(error).strip().splitlines()[0]
        raise BackendUnavailable(f"backend 'keras' cannot be imported: {reason}") from error
    # Keras may have been imported before, on another framework.
    _check(keras.config.backend())
    return keras, tensorflow


def _check(framework: str) -> None:
    if framework != "tensorflow":
        raise BackendUnavailable(
            f"keras runs on {framework!r} in this process; "
            "set KERAS_BACKEND=tensorflow before keras is imported"
        )


@contextmanager
def _captured_stderr() -> Iterator[None]:
    """Capture standard error; print it if the block raises.

    TensorFlow writes some lines before it reads its log level, so they are captured at any level.
    They go to the logger "gankit.keras", whose records `gankit --debug` prints.
    """
    log = logging.getLogger("gankit.keras")
    if not log.isEnabledFor(logging.DEBUG):
        os.environ.setdefault(LOG_LEVEL, "2")
    if (stderr := _copy_of_stderr()) is None:
        yield
        return
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        except BaseException:
            os.write(stderr, _content(file))
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
        if text := _content(file).decode(errors="replace").strip():
            log.debug("written while TensorFlow was imported:\n%s", text)


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _copy_of_stderr() -> int | None:
    try:
        return os.dup(2)
    except OSError:
        return None


keras, tf = _import()


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
    known = [d.name.removeprefix("/device:") for d in tf.config.list_logical_devices()]
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
    return tf.function(
        without_line,
        signature,
        autograph=False,
        jit_compile=by_xla,
        experimental_attributes={"_noinline": True},
    )
