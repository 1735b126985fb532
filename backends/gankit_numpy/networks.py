"""Networks with their weights, and their interface to the core."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gankit.contract import NO_LABELS, AnyLabels, Array, LabelFormat, Problem, State, check_state
from gankit.errors import ConfigError
from gankit.layers import Spec
from gankit.terms import CLASS
from gankit_numpy.dropout_masks import Masks
from gankit_numpy.forward import ForwardPass
from gankit_numpy.operations import total
from gankit_numpy.tape import Tracked, constant, gradients, variable

# The core checks that losses are finite, so NumPy's warnings are redundant.
ignore_overflow = np.errstate(over="ignore", invalid="ignore", divide="ignore")


class Sequential:
    """A network with its weights and running state, `{"0.kernel": ...}`, updated in place.

    `trained` are the names of the weights that training moves.
    """

    def __init__(
        self,
        spec: Spec,
        values: State,
        trained: Iterable[str] = (),
        label_format: LabelFormat = NO_LABELS,
    ) -> None:
        self.spec = spec
        self.values = values
        self.trained = frozenset(trained)
        self._label_format = label_format

    @property
    def weights(self) -> State:
        """The weights that training moves."""
        return {name: value for name, value in self.values.items() if name in self.trained}

    def variables(self) -> dict[str, Tracked]:
        """Return the weights as variables of gradients."""
        return {name: variable(value) for name, value in self.weights.items()}

    def run(
        self,
        inputs: Tracked,
        labels: AnyLabels | None,
        masks: Masks | None,
        variables: Mapping[str, Tracked],
        halves: int = 1,
        layers: int | None = None,
        others: tuple[Tracked, ...] = (),
    ) -> tuple[Tracked, State]:
        """Return the outputs, and the running state after this pass.

        `others` are the network's inputs after the first.

        Weights that are not among `variables` are constants. With `masks` the network is in
        training mode. Batch statistics are those of each of the `halves`. Only the first `layers`
        run, by default all.
        """
        constants = {name: constant(value) for name, value in self.values.items()}
        forward = ForwardPass(
            constants | dict(variables), labels, masks, halves, others, self._label_format
        )
        return forward.run(self.spec[:layers], inputs), forward.running

    def forward(
        self,
        inputs: Array | tuple[Array, ...],
        labels: AnyLabels | None = None,
        masks: Masks | None = None,
    ) -> Array:
        """Return the outputs alone, as an array; several inputs are a tuple."""
        first, *others = map(constant, inputs_of(inputs))
        return self.run(first, labels, masks, {}, others=tuple(others))[0].value


@dataclass(frozen=True)
class Inference:
    """A network in inference mode, called with arrays and returning arrays."""

    network: Sequential
    problem: Problem | None = None
    """The problem, if it is on the discriminator's side."""
    noise_position: int = 0
    """The number of the noise among a generator's inputs."""
    name: str = "discriminator"
    """The network's name, if the problem is given."""

    def __call__(
        self, inputs: Array | tuple[Array, ...], labels: AnyLabels | None = None, /
    ) -> Array:
        """Return images, or of a discriminator `(n,)` logits."""
        outputs = self._outputs(inputs, labels)
        if self.problem is None:
            return outputs
        return self.problem.logits_of(self.name, outputs.reshape(len(outputs), -1))

    def classify(self, images: Array, head: str = CLASS, /) -> Array:
        """Return the `(n, size)` outputs of a head."""
        if self.problem is None:
            raise ConfigError(f"head: got {head!r} of a network without heads")
        return self._outputs(images, None)[:, self.problem.columns_of(head)]

    def weights(self) -> State:
        """Return copies of the weights."""
        return {name: value.copy() for name, value in self.network.values.items()}

    def load_weights(self, weights: State, /) -> None:
        """Copy weights in, all or nothing."""
        check_state(weights, self.network.values)
        copy_into(self.network.values, weights)

    @ignore_overflow
    def noise_gradient(
        self,
        inputs: Array | tuple[Array, ...],
        targets: Array,
        labels: AnyLabels | None = None,
        /,
    ) -> tuple[Array, Array]:
        """Return a generator's images, and the gradient of their squared error at the noise."""
        given = [constant(self._cast(each)) for each in inputs_of(inputs)]
        at = given[self.noise_position] = variable(given[self.noise_position].value)
        first, *others = given
        images, _ = self.network.run(first, labels, None, {}, others=tuple(others))
        difference = images - self._cast(targets)
        (gradient,) = gradients(total(difference * difference) * 0.5, [at])
        return images.value, gradient.value

    @ignore_overflow
    def _outputs(self, inputs: Array | tuple[Array, ...], labels: AnyLabels | None) -> Array:
        return self.network.forward(tuple(map(self._cast, inputs_of(inputs))), labels)

    def _cast(self, inputs: Array) -> Array:
        """Return inputs in the precision of the weights."""
        dtype = next((w.dtype for w in self.network.values.values()), inputs.dtype)
        return inputs.astype(dtype, copy=False)


def inputs_of(inputs: Array | tuple[Array, ...]) -> tuple[Array, ...]:
    """Return a network's inputs, one or several, as a tuple."""
    return inputs if isinstance(inputs, tuple) else (inputs,)


def copy_into(values: State, state: Mapping[str, Any]) -> None:
    """Assign each array in place, so that all its references see the new values."""
    for name, value in values.items():
        value[...] = state[name]
