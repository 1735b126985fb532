"""The networks in training mode, as the losses call them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from torch import Tensor

from gankit.functional import Sums, Tensors
from gankit_torch.dropout_masks import UpdateMasks
from gankit_torch.networks import Network


@dataclass(frozen=True)
class TorchNetworks:
    """All modules by name, as `gankit.functional.Networks`; their weights are their parameters.

    Running state that moves is written in place. If a network has further passes in its update, the
    pass that moves it returns the new running state instead: the others need the old one.
    """

    modules: Mapping[str, Network]
    sums: Sums
    repeated: Collection[str] = ()

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
        """Return the outputs of one pass, and running state that is not written yet."""
        network = self.modules[name]
        returned = moving and name in self.repeated
        before = _copied(network.running()) if returned else {}
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
        moved = _copied(network.running()) if returned else {}
        network.move(before)
        return outputs, moved

    def trained(self, name: str, _arrays: Mapping[str, Tensor], /) -> Tensors:
        """Return the parameters of a network."""
        return self.modules[name].parameters


def _copied(tensors: Tensors) -> Tensors:
    return {name: tensor.clone() for name, tensor in tensors.items()}
