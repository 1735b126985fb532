"""The two networks in training mode, as the losses call them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from gankit.functional import Sums, Tensors
from gankit_torch.dropout_masks import UpdateMasks
from gankit_torch.networks import Network


@dataclass(frozen=True)
class TorchNetworks:
    """Both modules, as `gankit.functional.Networks`; their weights are their own parameters."""

    generator: Network
    discriminator: Network
    sums: Sums

    def run(
        self,
        name: str,
        _weights: Tensors,
        x: Tensor | tuple[Tensor, ...],
        labels: Tensor | None,
        masks: UpdateMasks,
        /,
        *,
        number: int = 0,
        halves: int = 1,
        moving: bool = False,
        layers: int | None = None,
    ) -> tuple[Tensor, Tensors]:
        """Return the outputs of one pass; running state that moves is written in place."""
        network = self.generator if name == "generator" else self.discriminator
        outputs = network.forward_train(
            x,
            labels,
            masks,
            number=number,
            halves=halves,
            moving=moving,
            sums=self.sums,
            layers=layers,
        )
        return outputs, {}

    def trained(self, name: str, _arrays: Mapping[str, Tensor], /) -> Tensors:
        """Return the parameters of a network."""
        return (self.generator if name == "generator" else self.discriminator).parameters
