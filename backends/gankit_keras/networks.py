"""The two networks of a problem, of layers or of a user's model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from gankit.contract import LabelFormat, Precision, Problem, strip_prefix
from gankit.contract.dropout_masks import pass_name
from gankit.functional import Operations, Tensors
from gankit.layers import Shape, Shapes
from gankit_keras.keras_import import Tensor, Variable
from gankit_keras.native_network import check_models_apart, native_network
from gankit_keras.random_inputs import RandomInput
from gankit_keras.spec_network import SpecNetwork


class Network(Protocol):
    """A network as a function of its weights and running state.

    Attributes
    ----------
    native
        Whether it is a user's model.
    name
        Its name, one of `Problem.roles`.
    inputs, outputs
        Shapes without the batch: that of the input, or those of each input, and that of the
        outputs, of the discriminator `Problem.discriminator_output_shape`.
    label_format
        The form of its labels; empty unless it is conditional.
    precision
        Of its weights and outputs.
    values
        Its weights and running state, by their names in the state.
    trained
        The names of those that its optimizer moves.
    random
        The random inputs of a pass in training mode, by name.
    """

    native: bool
    name: str
    inputs: Shapes
    outputs: Shape
    label_format: LabelFormat
    precision: Precision

    @property
    def values(self) -> dict[str, Variable]: ...  # noqa: D102 - see above.

    @property
    def trained(self) -> frozenset[str]: ...  # noqa: D102

    @property
    def random(self) -> dict[str, RandomInput]: ...  # noqa: D102

    def run(
        self,
        arrays: Mapping[str, Tensor],
        x: Tensor,
        labels: Tensor,
        random: Mapping[str, Tensor] | None = None,
        halves: int = 1,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the outputs, and by name the running state after this pass.

        Parameters
        ----------
        arrays
            Weights and running state.
        x
            `(n, *inputs)`, or a tuple of several.
        labels
            `(n,)` int64; used only by a class-conditional network.
        random
            A value for each of the network's random inputs, in training mode; None at inference.
        halves
            Number of concatenated batches: each has its own batch statistics.
        """
        ...


class KerasNetworks:
    """The networks of a problem, as `gankit.functional.Networks`.

    Attributes
    ----------
    by_name
        Each network by its name.
    """

    def __init__(self, problem: Problem, ops: Operations) -> None:
        self.by_name = {name: _network(problem, ops, name) for name in problem.roles}
        check_models_apart(self.by_name)

    def run(
        self,
        name: str,
        weights: Tensors,
        x: Tensor,
        labels: Tensor,
        masks: Mapping[str, Tensor],
        /,
        *,
        number: int = 0,
        halves: int = 1,
        moving: bool = False,  # noqa: ARG002 - the trainer stores what is returned.
        layers: int | None = None,
    ) -> tuple[Tensor, Tensors]:
        """Return the outputs of one pass, and the running state after it."""
        network = self.by_name[name]
        if layers is not None and isinstance(network, SpecNetwork):
            network = network.first(layers)
        return network.run(weights, x, labels, strip_prefix(masks, pass_name(name, number)), halves)

    def trained(self, name: str, arrays: Mapping[str, Tensor], /) -> Tensors:
        """Return those of a network's arrays that its optimizer moves."""
        names = self.by_name[name].trained
        return {key: array for key, array in arrays.items() if key in names}


def _network(problem: Problem, ops: Operations, name: str) -> Network:
    """Return a network without the initial values of a spec's weights.

    ConfigError if it is neither a spec nor a `keras.Model`, or a model that does not fit.
    """
    if isinstance(problem.spec_of(name), tuple):
        return SpecNetwork(ops, problem, name)
    return native_network(problem, name)
