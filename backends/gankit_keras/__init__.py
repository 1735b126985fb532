"""The Keras backend, on TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gankit import hookimpl
from gankit.contract import CAPABILITIES, Backend, Problem, Trainer


def build(problem: Problem) -> Trainer:
    """Return a trainer for `problem`; imports Keras and TensorFlow."""
    from gankit_keras.trainer import KerasTrainer

    return KerasTrainer(problem)


def inspect() -> Mapping[str, str]:
    """Return the versions, devices and settings of Keras and TensorFlow; imports both."""
    from gankit_keras.environment import environment

    return environment()


@hookimpl
def gankit_backends() -> Iterable[Backend]:
    """Return the backend `keras`."""
    from gankit_keras.export_formats import EXPORTS

    yield Backend(
        name="keras",
        requires=("keras", "tensorflow"),
        build=build,
        capabilities=CAPABILITIES - {"mixed"},
        remedy="pip install 'gankit[keras]'",
        api=1,
        inspect=inspect,
        exports=EXPORTS,
    )
