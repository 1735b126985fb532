"""What the losses run: two networks in training mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from gankit.contract import Problem, strip_prefix
from gankit.functional.forward import ForwardPass
from gankit.functional.operations import Operations, Tensor, Tensors
from gankit.layers import is_running


class Networks(Protocol):
    """The two networks in training mode."""

    def run(
        self,
        name: str,
        weights: Tensors,
        x: Tensor,
        labels: Tensor | None,
        masks: Any,  # noqa: ANN401 - the objective passes them on.
        /,
        *,
        number: int = 0,
        halves: int = 1,
        moving: bool = False,
    ) -> tuple[Tensor, Tensors]:
        """Return the outputs of one pass, and the running state after it.

        Parameters
        ----------
        name
            "generator" or "discriminator".
        weights
            Its weights and running state; networks with weights of their own ignore them.
        x
            `(n, latent)` noise, or `(n, height, width, channels)` images.
        labels, masks
            Those of `Inputs`, labels repeated for each half.
        number
            Which pass of the network in its update: 0, the default, is the adversarial one, i + 1
            that of the i-th penalty.
        halves
            Number of concatenated batches, each with its own batch statistics; 1 by default.
        moving
            Whether this pass moves the network's running state; False by default. A network that
            writes it in place does so only then, and returns nothing.
        """
        ...

    def trained(self, name: str, arrays: Mapping[str, Tensor], /) -> Tensors:
        """Return those of a network's `arrays` that its optimizer moves; the rest is running state.

        `name` is "generator" or "discriminator".
        """
        ...


@dataclass(frozen=True)
class SpecNetworks:
    """Networks of `gankit.layers`."""

    ops: Operations
    problem: Problem

    def run(
        self,
        name: str,
        weights: Tensors,
        x: Tensor,
        labels: Tensor | None,
        masks: Mapping[str, Tensor],
        /,
        *,
        number: int = 0,
        halves: int = 1,
        moving: bool = False,  # noqa: ARG002 - nothing is written.
    ) -> tuple[Tensor, Tensors]:
        """Return the outputs of one pass, and the running state after it."""
        own = strip_prefix(masks, f"penalty/{number - 1}" if number else name)
        forward = ForwardPass(self.ops, weights, labels, own, halves)
        return forward.run(getattr(self.problem, name), x), forward.running

    def trained(self, _name: str, arrays: Mapping[str, Tensor], /) -> Tensors:
        """Return the arrays without running state."""
        return {name: array for name, array in arrays.items() if not is_running(name)}
