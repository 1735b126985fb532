"""A network, spec or native, with an interface for arrays and for tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from gankit.contract import Array, Labels, State, check_labels, check_state
from gankit.contract.random_streams import Role, framework_seed, keep_chance
from gankit.errors import ConfigError, NotPortable
from gankit.layers import Place
from gankit_torch import calling
from gankit_torch.images import channels_first, channels_last
from gankit_torch.layers import Sequential
from gankit_torch.masking import Masking
from gankit_torch.passes import Factors, Pass, known
from gankit_torch.products import fast
from gankit_torch.tensors import copy_into, to_array

NO_BUFFERS: Mapping[str, Tensor] = {}


@dataclass(frozen=True)
class Player:
    """A network in training and, called with arrays, in inference mode.

    Attributes
    ----------
    module
        A `Sequential` of a spec, or the user's own module: then images are `(n, channels, height,
        width)` inside.
    site
        The generator or the discriminator.
    device, dtype
        Its device and its dtype.
    classes
        Number of classes if it is class-conditional, else 0.
    mixed
        Whether products in training round their factors to bfloat16.
    takes
        How a user's module takes labels.
    """

    module: nn.Module
    site: Role
    device: torch.device
    dtype: torch.dtype
    classes: int = 0
    mixed: bool = False
    takes: calling.Labels = calling.Labels.NONE

    @property
    def name(self) -> str:
        """Whether it is the "generator" or the "discriminator"."""
        return self.site.name.lower()

    @property
    def native(self) -> bool:
        """Whether the module is the user's own."""
        return not isinstance(self.module, Sequential)

    @property
    def parameters(self) -> dict[str, Tensor]:
        """The trained weights, by name."""
        return {name: p for name, p in self.module.named_parameters() if p.requires_grad}

    @property
    def repeats(self) -> bool:
        """Whether a pass gives the same outputs for the same noise in either update.

        Dropout and labels depend on the update, and native modules are unknown. Running state does
        not matter: it changes after the pass that both updates share.
        """
        return isinstance(self.module, Sequential) and not (self.module.drops or self.classes)

    def play(
        self,
        inputs: Tensor,
        labels: Tensor | None,
        masking: Masking,
        *,
        own: bool,
        part: int = 0,
        halves: int = 1,
    ) -> Tensor:
        """Return the outputs in training mode: NHWC images, or `(n, 1 or 1 + classes)` logits.

        Running state changes only in the `own` update's adversarial pass; other passes of a native
        module use copies. `part` identifies a pass in an update, as in `dropout_mask`. Batch
        statistics are those of each of the `halves`; a native module is called for each.
        """
        if not self.native:
            how = Pass(labels, self._factors(masking, part), halves, moves=own, mixed=self.mixed)
            return self._face(self.module(inputs, how))
        buffers = {} if own else {name: b.clone() for name, b in self.module.named_buffers()}
        rounding = torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed)
        with torch.random.fork_rng(devices=_cuda(self.device)), rounding:
            torch.manual_seed(framework_seed(masking.key, self.site, part))
            parts = zip(*(t.chunk(halves) for t in self._arguments(inputs, labels)), strict=True)
            made = [self.called(*one, buffers=buffers, doing="in training") for one in parts]
        return self._face(torch.cat(made).to(self.dtype))

    def called(
        self,
        inputs: Tensor,
        labels: Tensor | None = None,
        *,
        buffers: Mapping[str, Tensor] = NO_BUFFERS,
        doing: str = "in inference mode",
    ) -> Tensor:
        """Return the outputs of a user's module for inputs in its own layout.

        `buffers` replace its own by name. Its errors become ConfigErrors that name it.
        """
        second = (labels,) if self.takes is calling.Labels.SECOND else ()
        named = {calling.LABELS: labels} if self.takes is calling.Labels.KEYWORD else {}
        doing = f"{doing}, on inputs of {tuple(inputs.shape)}"
        hint = calling.UNTOLD if self.takes is calling.Labels.NOT else ""
        with calling.blamed(self.name, self.module, doing, hint):
            outputs: Tensor = functional_call(self.module, dict(buffers), (inputs, *second), named)
        return outputs

    def __call__(self, inputs: Array, labels: Labels | None = None, /) -> Array:
        """Return the outputs in inference mode: images, or `(n,)` logits."""
        outputs = self._infer(inputs, labels)
        return outputs[:, 0] if self.site is Role.DISCRIMINATOR else outputs

    def classify(self, images: Array, /) -> Array:
        """Return `(n, classes)` logits, in inference mode; ConfigError without a classifier."""
        outputs = self._infer(images, None)
        if self.site is Role.GENERATOR or outputs.shape[1] == 1:
            raise ConfigError(f"the {self.name} has no classifier; set `auxiliary`")
        return outputs[:, 1:]

    def weights(self) -> State:
        """Return copies of the weights by the core's names."""
        if self.native:
            raise NotPortable(
                f"the {self.name} is a native torch module; "
                "give a spec to move its weights between backends"
            )
        return {name: to_array(value) for name, value in self.tensors().items()}

    def load_weights(self, weights: State, /) -> None:
        """Copy weights in, all or nothing."""
        check_state(weights, self.weights())
        for name, tensor in self.tensors().items():
            copy_into(tensor, weights[name])

    def tensors(self) -> dict[str, Tensor]:
        """Return the live parameters and running state by name."""
        return dict(self.module.state_dict())

    @fast
    def _infer(self, inputs: Array, labels: Labels | None) -> Array:
        if self.classes:
            check_labels(labels, len(inputs), self.classes)
        tensor = torch.tensor(inputs, dtype=self.dtype, device=self.device)
        told = torch.tensor(labels, device=self.device).long() if self.classes else None
        self.module.eval()
        try:
            with torch.no_grad():
                outputs = (
                    self.called(*self._arguments(tensor, told))
                    if self.native
                    else self.module(tensor, Pass(told))
                )
        finally:
            self.module.train()
        return np.ascontiguousarray(self._face(outputs).cpu().numpy())

    def _factors(self, masking: Masking, part: int) -> Factors:
        def factors(place: Place, shape: torch.Size, rate: float) -> Tensor:
            mask = masking.mask(self.site, place, shape, rate, part)
            scale = torch.tensor(1 / keep_chance(rate), dtype=self.dtype)
            # As bytes: torch's conversion of bool is not vectorised, and takes twice as long.
            return mask.to(self.device).view(torch.uint8) * scale

        return factors

    def _arguments(self, inputs: Tensor, labels: Tensor | None) -> tuple[Tensor, ...]:
        """Return the arguments of a native module."""
        if self.site is Role.DISCRIMINATOR:
            inputs = channels_first(inputs).contiguous()
        return (inputs, known(labels)) if self.classes else (inputs,)

    def _face(self, outputs: Tensor) -> Tensor:
        """Convert outputs to the core's shapes: NHWC images, rows of logits."""
        if self.site is Role.DISCRIMINATOR:
            return outputs.reshape(len(outputs), -1)
        return channels_last(outputs).contiguous() if self.native else outputs


def _cuda(device: torch.device) -> list[torch.device]:
    return [device] if device.type == "cuda" else []
