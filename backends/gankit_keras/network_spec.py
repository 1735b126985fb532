"""A network without the values of its weights, from a spec or from a `keras.Model`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gankit.contract import Precision, Problem
from gankit.contract.random_streams import Role
from gankit.errors import ConfigError
from gankit.layers import Dropout, Shape, Spec, uses_labels, walk
from gankit_keras.framework import keras, tf
from gankit_keras.native_call import NativeCall, native_call
from gankit_keras.random_inputs import DropoutMask, RandomInput, SeedState
from gankit_keras.spec_model import SpecModel


@dataclass(frozen=True)
class NetworkSpec:
    """A network without the values of its weights, shared by a generator and its average.

    Attributes
    ----------
    role
        The generator or the discriminator.
    model
        A `SpecModel`, or the user's own model.
    inputs, outputs
        Shapes without the batch: `(latent,)` to an image's, or an image's to that of
        `Problem.discriminator_output_shape`.
    classes
        Number of classes if the model is class-conditional; else 0.
    variables
        The saved weights and running state, by their names in the state.
    random
        The random inputs of a pass in training mode.
    seeds
        The states of a native model's seed generators, one for each of `random`.
    call
        How a native model takes its inputs and labels.
    """

    role: Role
    model: keras.Model
    inputs: Shape
    outputs: Shape
    classes: int
    precision: Precision
    variables: dict[str, keras.Variable]
    random: tuple[RandomInput, ...] = ()
    seeds: tuple[keras.Variable, ...] = ()
    call: NativeCall | None = None

    @property
    def native(self) -> bool:
        """Whether the model is the user's own."""
        return not isinstance(self.model, SpecModel)

    @property
    def trainable(self) -> frozenset[str]:
        """The names of the variables that training updates."""
        own = {id(variable) for variable in self.model.trainable_variables}
        return frozenset(name for name, v in self.variables.items() if id(v) in own)


def network_spec(problem: Problem, role: Role) -> NetworkSpec:
    """Build a spec, its weights zero, or check and wrap a native model.

    A native model is given labels if its `call` has a parameter of that name, or if it is a
    functional model of two inputs.

    Raises
    ------
    ConfigError
        It is neither, or a native model whose shapes or precision do not fit the problem.
    """
    model, inputs, outputs = (
        (problem.generator, (problem.latent,), problem.image_shape)
        if role is Role.GENERATOR
        else (problem.discriminator, problem.image_shape, problem.discriminator_output_shape)
    )
    if isinstance(model, tuple):
        return _from_spec(model, role, inputs, outputs, problem)
    if isinstance(model, keras.Model):
        return _from_native(model, role, inputs, outputs, problem)
    raise ConfigError(
        f"{_name(role)}: got a {type(model).__name__}; expected a spec or a keras.Model"
    )


def _from_spec(
    spec: Spec, role: Role, inputs: Shape, outputs: Shape, problem: Problem
) -> NetworkSpec:
    model = SpecModel(spec, inputs, problem.classes, problem.precision)
    classes = problem.classes if uses_labels(spec) else 0
    masks = tuple(
        DropoutMask(role, place.number, place.shape, place.layer.rate)
        for place in walk(spec, inputs)
        if isinstance(place.layer, Dropout)
    )
    variables = dict(model.arrays)
    return NetworkSpec(
        role, model, inputs, outputs, classes, problem.precision, variables, random=masks
    )


def _from_native(
    model: keras.Model, role: Role, inputs: Shape, outputs: Shape, problem: Problem
) -> NetworkSpec:
    call = native_call(model, _name(role), problem.classes)
    classes = problem.classes if call.takes_labels else 0
    _check_native(model, call, inputs, outputs, problem.precision)
    # Keras numbers layers by the process's count, so paths are not stable; positions are.
    weights = {f"{position}.{v.name}": v for position, v in enumerate(model.weights)}
    saved = {id(v) for v in model.weights}
    seeds = {id(v): v for v in model.variables if id(v) not in saved}
    return NetworkSpec(
        role,
        model,
        inputs,
        outputs,
        classes,
        problem.precision,
        variables=weights,
        random=tuple(SeedState(role, index) for index in range(len(seeds))),
        seeds=tuple(seeds.values()),
        call=call,
    )


def _check_native(
    model: keras.Model, call: NativeCall, inputs: Shape, outputs: Shape, precision: Precision
) -> None:
    """Build a model if needed, and raise ConfigError unless it fits the problem."""
    tensor, name = _call_once(model, call, inputs, precision), call.name
    computed = [layer.compute_dtype for layer in (model, *model.layers)]
    dtypes = [tensor.dtype.name, *computed, *(v.dtype for v in model.weights)]
    if wrong := [dtype for dtype in dtypes if "float" in dtype and dtype != precision]:
        raise ConfigError(
            f"{name}: got a network that computes in {wrong[0]}; expected {precision}; "
            f"call keras.config.set_dtype_policy({precision!r}) before you build it"
        )
    shape = tuple(tensor.shape[1:])
    if shape != outputs and (shape, outputs) != ((), (1,)):
        raise ConfigError(f"{name} output: got {shape} for inputs of {inputs}; expected {outputs}")
    if not model.trainable_variables:
        raise ConfigError(f"{name}: got no weights to train; set trainable = True on some layers")


def _call_once(model: keras.Model, call: NativeCall, inputs: Shape, precision: Precision) -> Any:  # noqa: ANN401
    """Return a native model's outputs for two rows of zeros, without changing its state."""
    zeros, labels = tf.zeros((2, *inputs), precision), tf.zeros((2,), tf.int64)
    if not model.built:
        call(model, zeros, labels, training=False)
    with keras.StatelessScope():
        outputs = call(model, zeros, labels, training=False)
    if not tf.is_tensor(outputs):
        kind = type(outputs).__name__
        raise ConfigError(f"{call.name} output: got a {kind}; expected one tensor")
    return outputs


def _name(role: Role) -> str:
    return role.name.lower()
