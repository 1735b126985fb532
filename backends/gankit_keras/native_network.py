"""A user's own `keras.Model` as a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gankit.contract import NO_LABELS, LabelFormat, Precision, Problem
from gankit.contract.native_checks import ROWS, check_apart, check_rows
from gankit.errors import ConfigError
from gankit.functional import inputs_of
from gankit.layers import Shape, Shapes
from gankit.terms import SIDES
from gankit_keras.keras_import import Tensor, Variable, keras
from gankit_keras.native_call import NativeCall, native_call
from gankit_keras.random_inputs import RandomInput, SeedState


class NativeNetwork:
    """A `gankit_keras.networks.Network` around a `keras.Model`, whose weights it trains in place.

    The model is given labels if its `call` has a parameter of that name, or if it is a functional
    model of two inputs. ConfigError if its shapes or precision do not fit.
    """

    native = True

    def __init__(
        self,
        model: keras.Model,
        name: str,
        role: int,
        inputs: tuple[Shape, ...],
        values: Sequence[str],
        outputs: Shape,
        label_format: LabelFormat,
        precision: Precision,
    ) -> None:
        self._model = model
        self._call = native_call(model, name, label_format.width, values)
        self.inputs: Shapes = inputs
        self.name, self.outputs, self.precision = name, outputs, precision
        self.label_format = label_format if self._call.takes_labels else NO_LABELS
        _check(model, self._call, inputs, outputs, precision, label_format.columns)
        # Keras numbers layers by the process's count, so paths are not stable; positions are.
        self._variables = {f"{number}.{v.name}": v for number, v in enumerate(model.weights)}
        saved = {id(v) for v in model.weights}
        self._seeds = list({id(v): v for v in model.variables if id(v) not in saved}.values())
        trained = {id(v) for v in model.trainable_variables}
        self.values: dict[str, Variable] = {n: v.value for n, v in self._variables.items()}
        self.trained = frozenset(n for n, v in self._variables.items() if id(v) in trained)
        self.random: dict[str, RandomInput] = {
            f"seed/{index}": SeedState(role, index) for index in range(len(self._seeds))
        }

    @property
    def trained_variables(self) -> dict[str, Variable]:
        """The variables that its optimizer moves, by name."""
        return {n: v for n, v in self._variables.items() if n in self.trained}

    def assign(self, state: Mapping[str, Tensor]) -> None:
        """Give the variables the values of their names."""
        for name, variable in self._variables.items():
            variable.assign(state[name])

    def run(
        self,
        arrays: Mapping[str, Tensor],
        x: Tensor | tuple[Tensor, ...],
        labels: Tensor,
        random: Mapping[str, Tensor] | None = None,
        halves: int = 1,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the outputs, and the running state after this pass."""
        names = [f"seed/{index}" for index in range(len(self._seeds))]
        seeds = [(0, 0) if random is None else random[name] for name in names]
        given = [(self._variables[name], array) for name, array in arrays.items()]
        with keras.StatelessScope([*given, *zip(self._seeds, seeds, strict=True)]) as scope:
            outputs = self._outputs(inputs_of(x), labels, halves, training=random is not None)
        running = {
            name: scope.get_current_value(self._variables[name])
            for name in arrays
            if name not in self.trained
        }
        return keras.ops.reshape(outputs, (-1, *self.outputs)), running

    def _outputs(
        self, inputs: tuple[Tensor, ...], labels: Tensor, halves: int, *, training: bool
    ) -> Tensor:
        """Call the model for each half, so that each has its own statistics."""
        split, concatenate = keras.ops.split, keras.ops.concatenate
        columns = zip(*(split(x, halves) for x in inputs), strict=True)
        parts = zip(columns, split(labels, halves), strict=True)
        outputs = [self._call(self._model, part, own, training=training) for part, own in parts]
        return concatenate(outputs, axis=0)


def native_network(problem: Problem, name: str) -> NativeNetwork:
    """Return the generator or the discriminator of a problem, by its name, that is no spec.

    ConfigError if it is no `keras.Model`, or a model that does not fit.
    """
    model, inputs = problem.spec_of(name), problem.input_shapes(name)
    if not isinstance(model, keras.Model):
        raise ConfigError(f"{name}: got a {type(model).__name__}; expected a spec or a keras.Model")
    outputs = problem.image_shape if name == "generator" else problem.discriminator_output_shape
    return NativeNetwork(
        model,
        name,
        problem.roles[name],
        inputs,
        problem.input_names(name),
        outputs,
        problem.label_format,
        problem.precision,
    )


def check_models_apart(networks: Mapping[str, object]) -> None:
    """Raise ConfigError if the generator and the discriminator are models that train one weight."""
    generator, discriminator = (
        network.trained_variables if isinstance(network, NativeNetwork) else {}
        for network in map(networks.get, SIDES)
    )
    check_apart(generator, discriminator)


def _check(
    model: keras.Model,
    call: NativeCall,
    inputs: tuple[Shape, ...],
    outputs: Shape,
    precision: Precision,
    columns: int,
) -> None:
    """Build a model if needed, and raise ConfigError unless it fits the problem."""
    tensor, name = _call_once(model, call, inputs, precision, columns), call.name
    computed = [layer.compute_dtype for layer in (model, *model.layers)]
    made = keras.backend.standardize_dtype(tensor.dtype)
    if "float" not in made:
        raise ConfigError(f"{name} output: got {made}; expected {precision}")
    dtypes = [made, *computed, *(v.dtype for v in model.weights)]
    if wrong := [dtype for dtype in dtypes if "float" in dtype and dtype != precision]:
        raise ConfigError(
            f"{name}: got a network that computes in {wrong[0]}; expected {precision}; "
            f"call keras.config.set_dtype_policy({precision!r}) before you build it"
        )
    entries = [str(each.dtype) for each in getattr(model, "inputs", None) or ()]
    if wrong := [dtype for dtype in entries if "float" in dtype and dtype != precision]:
        raise ConfigError(
            f"{name}: got an input that rounds to {wrong[0]}; expected {precision}; "
            f"call keras.config.set_floatx({precision!r}) before you build it"
        )
    shape = tuple(tensor.shape[1:])
    if shape != outputs and (shape, outputs) != ((), (1,)):
        given = " and ".join(map(str, inputs))
        raise ConfigError(f"{name} output: got {shape} for inputs of {given}; expected {outputs}")
    if not model.trainable_variables:
        raise ConfigError(f"{name}: got no weights to train; set trainable = True on some layers")


def _call_once(
    model: keras.Model,
    call: NativeCall,
    inputs: tuple[Shape, ...],
    precision: Precision,
    columns: int,
) -> Any:  # noqa: ANN401 - Keras has no types.
    """Return a native model's outputs for rows of zeros, without changing its state."""
    zeros = tuple(keras.ops.zeros((ROWS, *shape), precision) for shape in inputs)
    labels = keras.ops.zeros((ROWS,), "int64")
    if columns:
        labels = keras.ops.zeros((ROWS, columns), precision)
    if not model.built:
        call(model, zeros, labels, training=False)
    with keras.StatelessScope():
        outputs = call(model, zeros, labels, training=False)
    if not keras.ops.is_tensor(outputs):
        kind = type(outputs).__name__
        raise ConfigError(f"{call.name} output: got a {kind}; expected one tensor")
    check_rows(call.name, tuple(outputs.shape))
    return outputs
