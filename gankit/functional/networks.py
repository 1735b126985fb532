"""What the losses run: two networks in training mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from gankit.contract import Problem
from gankit.functional.forward import ForwardPass
from gankit.functional.framework import Framework, Tensor, Tensors


class Networks(Protocol):
    """The two networks in training mode."""

    def run(
        self,
        name: str,
        weights: Tensors,
        x: Tensor,
        labels: Tensor | None,
        masks: Mapping[str, Tensor],
        /,
        *,
        halves: int = 1,
    ) -> tuple[Tensor, Tensors]:
        """Return the outputs of one pass, and the running state after it.

        Parameters
        ----------
        name
            "generator" or "discriminator".
        weights
            Its weights and running state.
        x
            `(n, latent)` noise, or `(n, height, width, channels)` images.
        labels
            `(n, classes)` one-hot labels, or None.
        masks
            This pass's dropout masks, by the layer's name.
        halves
            Number of concatenated batches, each with its own batch statistics; 1 by default.
        """
        ...


@dataclass(frozen=True)
class SpecNetworks:
    """Networks of `gankit.layers`."""

    framework: Framework
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
        halves: int = 1,
    ) -> tuple[Tensor, Tensors]:
        """Return the outputs of one pass, and the running state after it."""
        forward = ForwardPass(self.framework, weights, labels, masks, halves)
        return forward.run(getattr(self.problem, name), x), forward.running
