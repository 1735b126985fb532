"""The networks of a problem: what the losses run, and what a trainer needs beside that."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from numpy.typing import NDArray

from gankit.contract import Problem, State, strip_prefix
from gankit.contract.dropout_masks import Masks, pass_name
from gankit.contract.random_streams import StepKey
from gankit.functional.forward import ForwardPass
from gankit.functional.operations import Operations, Tensor, Tensors
from gankit.layers import Spec, as_spec, uses_labels


def inputs_of(x: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Return the inputs `x` of a network, one or several, as a tuple."""
    return x if isinstance(x, tuple) else (x,)


class Networks(Protocol):
    """The networks in training mode."""

    def run(
        self,
        name: str,
        weights: Tensors,
        x: Tensor | tuple[Tensor, ...],
        labels: Tensor | None,
        masks: Any,  # noqa: ANN401 - the objective passes them on.
        /,
        *,
        number: int = 0,
        halves: int = 1,
        moving: bool = False,
        layers: int | None = None,
    ) -> tuple[Tensor, Tensors]:
        """Return the outputs of one pass, and the running state after it.

        Those of the discriminator are rows, with a map `(n, Problem.logits_per_image)`.

        Parameters
        ----------
        name
            "generator", "discriminator" or one of `Problem.networks`.
        weights
            Its weights and running state; networks with weights of their own ignore them.
        x
            `(n, latent)` noise, or `(n, height, width, channels)` images; of several inputs a
            tuple, as in `Problem.inputs` and `Problem.sees`.
        labels, masks
            Those of `Inputs`, labels repeated for each half.
        number
            Which pass of the network in the update: 0, the default, is the first, of the
            discriminator the adversarial one, and i + 1 that of the i-th penalty.
        halves
            Number of concatenated batches, each with its own batch statistics; 1 by default.
        moving
            Whether this pass moves the network's running state; False by default. A network that
            writes it in place does so only then, and returns nothing.
        layers
            Number of the first layers to run, for the features of a discriminator of layers, as
            rows too; None, the default, runs all.
        """
        ...

    def trained(self, name: str, arrays: Mapping[str, Tensor], /) -> Tensors:
        """Return those of a network's `arrays` that its optimizer moves.

        The others are running state, and the weights of frozen layers: `Problem.trains`. `name` is
        as in `run`.
        """
        ...


class TrainerNetworks(Networks, Protocol):
    """The networks as a `Trainer` needs them.

    `SpecNetworks` are the default. A backend with native networks derives from them, and overrides
    each method for those.
    """

    def initial_state(self) -> State:
        """Return the initial state of a run, by the names of a checkpoint."""
        ...

    def random(self, key: StepKey, batch: int, /, *, last: bool) -> dict[str, NDArray[Any]]:
        """Return the random inputs inside the networks of one update, the `masks` of `run`.

        Parameters
        ----------
        key, batch, last
            As in `gankit.contract.dropout_masks.Masks`.
        """
        ...

    def infer(
        self,
        name: str,
        weights: Tensors,
        x: Tensor | tuple[Tensor, ...],
        labels: Tensor | None,
        /,
    ) -> Tensor:
        """Return the outputs in inference mode.

        Parameters
        ----------
        name
            As in `run`, or "average".
        weights, x, labels
            As in `run`.
        """
        ...

    def takes_labels(self, name: str, /) -> bool:
        """Return whether a network is class-conditional; `name` as in `infer`."""
        ...

    def check_portable(self, name: str, /) -> None:
        """Raise NotPortable if the weights have no common names; `name` as in `infer`."""
        ...

    def changed(self, state: Tensors, /) -> None:
        """Note the trainer's tensors, `state`, after an update or a load."""
        ...


@dataclass(frozen=True)
class SpecNetworks:
    """Networks of `gankit.layers`: the `TrainerNetworks` that derived classes fall back on.

    Attributes
    ----------
    ops
        The operations on the tensors.
    problem
        The problem.
    """

    ops: Operations
    problem: Problem

    def run(
        self,
        name: str,
        weights: Tensors,
        x: Tensor | tuple[Tensor, ...],
        labels: Tensor | None,
        masks: Mapping[str, Tensor],
        /,
        *,
        number: int = 0,
        halves: int = 1,
        moving: bool = False,  # noqa: ARG002 - nothing is written.
        layers: int | None = None,
    ) -> tuple[Tensor, Tensors]:
        """Return the outputs of one pass, and the running state after it.

        Parameters
        ----------
        name, weights, x, labels, masks, number, halves, moving, layers
            As in `Networks.run`.
        """
        own = strip_prefix(masks, pass_name(name, number))
        first, *others = inputs_of(x)
        forward = ForwardPass(self.ops, weights, labels, own, halves, tuple(others))
        made = forward.run(self._spec(name)[:layers], first)
        return self._as_rows(name, made), forward.running

    def trained(self, name: str, arrays: Mapping[str, Tensor], /) -> Tensors:
        """Return those of a network's `arrays` that train, by `Problem.trains`.

        Parameters
        ----------
        name, arrays
            As in `Networks.trained`.
        """
        return {key: array for key, array in arrays.items() if self.problem.trains(name, key)}

    def initial_state(self) -> State:
        """Return `Problem.initial_state`."""
        return self.problem.initial_state()

    def random(self, key: StepKey, batch: int, /, *, last: bool) -> dict[str, NDArray[Any]]:
        """Return the masks of one update.

        Parameters
        ----------
        key, batch, last
            As in `gankit.contract.dropout_masks.Masks`.
        """
        return self._masks(key, batch, last=last)

    def infer(
        self,
        name: str,
        weights: Tensors,
        x: Tensor | tuple[Tensor, ...],
        labels: Tensor | None,
        /,
    ) -> Tensor:
        """Return the outputs in inference mode.

        Parameters
        ----------
        name, weights, x, labels
            As in `TrainerNetworks.infer`.
        """
        first, *others = inputs_of(x)
        forward = ForwardPass(self.ops, weights, labels, others=tuple(others))
        return self._as_rows(name, forward.run(self._spec(name), first))

    def takes_labels(self, name: str, /) -> bool:
        """Return whether the network called `name` has a layer that uses labels."""
        return uses_labels(self._spec(name))

    def check_portable(self, name: str, /) -> None:
        """Return: the weights of `name`, of layers, have the core's names."""

    def changed(self, state: Tensors, /) -> None:
        """Return: only the trainer has the weights of layers, in `state`."""

    def _as_rows(self, name: str, outputs: Tensor) -> Tensor:
        """Return a discriminator's outputs as rows, those of a map too."""
        if self.problem.criticises(name) and len(outputs.shape) > 2:
            return self.ops.xp.reshape(outputs, (-1, math.prod(outputs.shape[1:])))
        return outputs

    @cached_property
    def _masks(self) -> Masks:
        return Masks(self.problem)

    def _spec(self, name: str) -> Spec:
        return as_spec(self.problem.spec_of(name), name)
