"""The Keras backend, on TensorFlow."""

from __future__ import annotations

import os
from collections.abc import Iterable

from gankit import hookimpl
from gankit.backend import Backend, Problem, Trainer
from gankit.errors import BackendUnavailable


def build(problem: Problem) -> Trainer:
    """Return a trainer for `problem`; imports Keras and TensorFlow."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras

    if keras.backend.backend() != "tensorflow":
        raise BackendUnavailable(
            f"keras runs on {keras.backend.backend()!r}; set KERAS_BACKEND=tensorflow "
            "before it is first imported"
        )
    from gankit_keras.trainer import KerasTrainer

    return KerasTrainer(problem)


@hookimpl
def gankit_backends() -> Iterable[Backend]:
    """Offer the backend `keras`."""
    yield Backend(
        name="keras",
        requires=("keras", "tensorflow"),
        build=build,
        capabilities=frozenset({"float32", "float64", "native", "average", "exact-blocks"}),
        remedy="pip install 'gankit[keras]'",
    )
