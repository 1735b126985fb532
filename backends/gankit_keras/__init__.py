"""The Keras backend, on TensorFlow, JAX or torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gankit import hookimpl
from gankit.contract import Backend, Problem, Started, Trainer, World


def build(problem: Problem) -> Trainer:
    """Return a trainer for `problem`; imports Keras and the framework that it runs on."""
    from gankit_keras.keras_import import keras

    framework = keras.backend.backend()
    if framework == "tensorflow":
        from gankit_keras.trainer import KerasTrainer

        return KerasTrainer(problem)
    from gankit_keras.functional_trainer import functional_trainer

    return functional_trainer(problem, framework)


def join(this: Started) -> World:
    """Meet the processes that this one was started together with; imports TensorFlow."""
    from gankit_keras import tensorflow_processes

    return tensorflow_processes.join(this)


def inspect() -> Mapping[str, str]:
    """Return the versions, devices and settings of Keras and of its framework; imports both."""
    from gankit_keras.environment import environment

    return environment()


@hookimpl
def gankit_backends() -> Iterable[Backend]:
    """Return the backend `keras`, as it is on the framework of this process."""
    from gankit_keras.export_formats import exports
    from gankit_keras.frameworks import FRAMEWORKS, chosen

    framework = chosen()
    # On a framework that is not supported, `build` says which ones are.
    supported = FRAMEWORKS.get(framework, FRAMEWORKS["tensorflow"])
    yield Backend(
        name="keras",
        requires=("keras", framework) if framework in FRAMEWORKS else ("keras",),
        build=build,
        capabilities=supported.capabilities,
        remedy=supported.remedy,
        api=1,
        inspect=inspect,
        exports=exports(framework),
        join=join,
        distribution="gankit",
    )
