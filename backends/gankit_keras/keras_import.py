"""Import Keras once, quietly, on the framework that it is set to."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, TypeAlias

from gankit.errors import BackendUnavailable
from gankit_keras.frameworks import FRAMEWORKS, VARIABLE, chosen

__all__ = ["Tensor", "Variable", "keras"]

Tensor: TypeAlias = Any
"""A tensor of the framework; Keras and TensorFlow have no types for mypy."""
Variable: TypeAlias = Any
"""A `keras.Variable`, or a `tf.Variable`."""

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


def _import() -> Any:  # noqa: ANN401 - Keras has no types.
    """Import Keras; BackendUnavailable if its framework is another than ours, or is missing."""
    framework = chosen()
    if framework not in FRAMEWORKS:
        raise BackendUnavailable(
            f"{VARIABLE}: got {framework!r}; expected one of {', '.join(FRAMEWORKS)}; "
            "set it before keras is imported"
        )
    os.environ[VARIABLE] = framework  # Stronger than keras.json.
    try:
        with _captured_stderr():
            import keras
    except ImportError as error:
        reason = str(error).strip().splitlines()[0]
        raise BackendUnavailable(
            f"backend 'keras' on {framework} cannot be imported: {reason}"
        ) from error
    return keras


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
            log.debug("written while Keras was imported:\n%s", text)


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _copy_of_stderr() -> int | None:
    try:
        return os.dup(2)
    except OSError:
        return None


keras = _import()
