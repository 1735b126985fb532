"""Build a `Form` from a spec or a `keras.Model`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gankit.contract import Precision, Problem
from gankit.contract.random_streams import Role
from gankit.errors import ConfigError
from gankit.layers import Dropout, Shape, Spec, uses_labels, walk
from gankit_keras.calling import Calling, calling
from gankit_keras.draws import Draw, Mask, Seed
from gankit_keras.framework import keras, tf
from gankit_keras.layers import SpecModel


@dataclass(frozen=True)
class Form:
    """A network without the values of its weights, shared by a generator and its average.

    Attributes
    ----------
    site
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
    calls
        How a native model takes its inputs.
    """

    site: Role
    model: keras.Model
    inputs: Shape
    outputs: Shape
    classes: int
    precision: Precision
    variables: dict[str, keras.Variable]
    random: tuple[Draw, ...] = ()
    seeds: tuple[keras.Variable, ...] = ()
    calls: Calling | None = None

    @property
    def native(self) -> bool:
        """Whether the model is the user's own."""
        return not isinstance(self.model, SpecModel)

    @property
    def trainable(self) -> frozenset[str]:
        """The names of the variables that training updates."""
        own = {id(variable) for variable in self.model.trainable_variables}
        return frozenset(name for name, v in self.variables.items() if id(v) in own)


def form(problem: Problem, site: Role) -> Form:
    """Build a spec, its weights zero, or check and wrap a native model.

    A native model is given labels if its `call` has a parameter of that name, or if it is a
    functional model of two inputs.

    Raises
    ------
    ConfigError
        It is neither, or a native model whose shapes or precision do not fit the problem.
    """
    given, inputs, outputs = (
        (problem.generator, (problem.latent,), problem.image_shape)
        if site is Role.GENERATOR
        else (problem.discriminator, problem.image_shape, problem.discriminator_output_shape)
    )
    if isinstance(given, tuple):
        return _spec_form(given, site, inputs, outputs, problem)
    if isinstance(given, keras.Model):
        return _native_form(given, site, inputs, outputs, problem)
    raise ConfigError(
        f"the {_name(site)} is a {type(given).__name__}; give a spec or a keras.Model"
    )


def _spec_form(spec: Spec, site: Role, inputs: Shape, outputs: Shape, problem: Problem) -> Form:
    model = SpecModel(spec, inputs, problem.classes, problem.precision)
    classes = problem.classes if uses_labels(spec) else 0
    return Form(
        site, model, inputs, outputs, classes, problem.precision,
        variables=dict(model.arrays),
        random=tuple(
            Mask(site, place.number, place.shape, place.layer.rate)
            for place in walk(spec, inputs)
            if isinstance(place.layer, Dropout)
        ),
    )  # fmt: skip


def _native_form(
    model: keras.Model, site: Role, inputs: Shape, outputs: Shape, problem: Problem
) -> Form:
    calls = calling(model, _name(site), problem.classes)
    classes = problem.classes if calls.labelled else 0
    _check_native(model, calls, inputs, outputs, problem.precision)
    # Keras numbers layers by the process's count, so paths are not stable; positions are.
    weights = {f"{place}.{v.name}": v for place, v in enumerate(model.weights)}
    saved = {id(v) for v in model.weights}
    seeds = {id(v): v for v in model.variables if id(v) not in saved}
    return Form(
        site, model, inputs, outputs, classes, problem.precision,
        variables=weights,
        random=tuple(Seed(site, index) for index in range(len(seeds))),
        seeds=tuple(seeds.values()),
        calls=calls,
    )  # fmt: skip


def _check_native(
    model: keras.Model, calls: Calling, inputs: Shape, outputs: Shape, precision: Precision
) -> None:
    """Build a model if needed, and raise ConfigError unless it fits the problem."""
    made, name = _outputs(model, calls, inputs, precision), calls.name
    parts = [layer.compute_dtype for layer in (model, *model.layers)]
    dtypes = [made.dtype.name, *parts, *(v.dtype for v in model.weights)]
    if wrong := [dtype for dtype in dtypes if "float" in dtype and dtype != precision]:
        raise ConfigError(
            f"the {name} computes in {wrong[0]}, but the problem needs {precision}; "
            f"call keras.config.set_dtype_policy({precision!r}) before you build it"
        )
    shape = tuple(made.shape[1:])
    if shape != outputs and (shape, outputs) != ((), (1,)):
        raise ConfigError(
            f"the {name}'s output is {shape} for inputs of {inputs}; it must be {outputs}"
        )
    if not model.trainable_variables:
        raise ConfigError(
            f"the {name} has no weights to train; set trainable = True on some layers"
        )


def _outputs(model: keras.Model, calls: Calling, inputs: Shape, precision: Precision) -> Any:  # noqa: ANN401
    """Return a native model's outputs for two rows of zeros, without changing its state."""
    zeros, labels = tf.zeros((2, *inputs), precision), tf.zeros((2,), tf.int64)
    if not model.built:
        calls(model, zeros, labels, training=False)
    with keras.StatelessScope():
        made = calls(model, zeros, labels, training=False)
    if not tf.is_tensor(made):
        told = type(made).__name__
        raise ConfigError(f"the {calls.name} makes a {told}; it must make one tensor")
    return made


def _name(site: Role) -> str:
    return site.name.lower()
