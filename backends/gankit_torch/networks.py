"""Networks, of specs and of users' modules, in training and in inference mode."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from gankit.contract import NO_LABELS, AnyLabels, Array, LabelFormat, Problem, State, check_state
from gankit.contract.random_streams import framework_seed, keep_probability
from gankit.errors import NotPortable
from gankit.functional import ONE_PROCESS, Sums, inputs_of
from gankit.layers import Place
from gankit.terms import CLASS
from gankit_torch.dropout_masks import UpdateMasks
from gankit_torch.forward import DropoutFactors, ForwardSettings, require_labels
from gankit_torch.image_layers import channels_first, channels_last
from gankit_torch.layers import Sequential
from gankit_torch.matmul import float32_products
from gankit_torch.native_call import LABELS, NO_LABELS_HINT, LabelsArgument, name_in_errors
from gankit_torch.tensors import copy_into, to_array

NO_BUFFERS: Mapping[str, Tensor] = {}


IMAGES = 4
"""Number of axes of a batch of images."""


@dataclass(frozen=True)
class Network:
    """A network in training and, called with arrays, in inference mode.

    Attributes
    ----------
    module
        A `Sequential` of a spec, or a native module, the user's own: its images are `(n, channels,
        height, width)`.
    name
        Its name, one of `Problem.roles`.
    device, dtype
        The device and the dtype of its weights.
    problem
        The problem; it names the columns of a discriminator's heads, and an image's logit.
    label_format
        The form of its labels; empty unless it is conditional.
    mixed
        Whether matrix products in training round their factors to bfloat16.
    labels
        How a native module takes labels.
    """

    module: nn.Module
    name: str
    device: torch.device
    dtype: torch.dtype
    problem: Problem
    label_format: LabelFormat = NO_LABELS
    mixed: bool = False
    labels: LabelsArgument = LabelsArgument.NO_CLASSES

    @property
    def role(self) -> int:
        """The number that selects its random streams."""
        return self.problem.roles[self.name]

    @property
    def criticises(self) -> bool:
        """Whether it makes logits, in rows."""
        return self.problem.criticises(self.name)

    @property
    def native(self) -> bool:
        """Whether the module is the user's own."""
        return not isinstance(self.module, Sequential)

    @property
    def parameters(self) -> dict[str, Tensor]:
        """The trained weights, by name."""
        return {name: p for name, p in self.module.named_parameters() if p.requires_grad}

    def copy(self) -> Network:
        """Return a network with a copy of the module."""
        return dataclasses.replace(self, module=copy.deepcopy(self.module))

    def forward_train(
        self,
        inputs: Tensor | tuple[Tensor, ...],
        labels: Tensor | None,
        masks: UpdateMasks,
        *,
        number: int = 0,
        halves: int = 1,
        moving: bool = False,
        sums: Sums = ONE_PROCESS,
        layers: int | None = None,
    ) -> Tensor:
        """Return the outputs in training mode: NHWC images, or logits with heads.

        Parameters
        ----------
        inputs
            `(n, latent)` noise or `(n, height, width, channels)` images; several are a tuple.
        labels
            `(n,)` int64, or None.
        masks
            The dropout masks of the update.
        number
            The number of the pass in its update, as in `dropout_mask`.
        halves
            Number of concatenated batches, each with its own batch statistics; a native module is
            called once for each.
        moving
            Whether to move the running state; if not, a native module gets copies of its buffers.
        sums
            The sums over the processes; networks of layers use them.
        layers
            Number of the first layers to run; by default all. Their outputs are rows too.
        """
        first, *others = inputs_of(inputs)
        if not self.native:
            dropout = self._dropout_factors(masks, number)
            settings = ForwardSettings(
                labels, dropout, halves, moving, self.mixed, sums, tuple(others)
            )
            return self._to_core_layout(self.module(first, settings, layers))
        buffers = {} if moving else {name: b.clone() for name, b in self.module.named_buffers()}
        rounding = torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed)
        with torch.random.fork_rng(devices=_cuda_devices(self.device)), rounding:
            torch.manual_seed(framework_seed(masks.key, self.role, number))
            given, own = self._arguments((first, *others), labels)
            columns = zip(*(each.chunk(halves) for each in given), strict=True)
            rows = [None] * halves if own is None else own.chunk(halves)
            outputs = [
                self.call_native(part, row, buffers=buffers, action="in training")
                for part, row in zip(columns, rows, strict=True)
            ]
        return self._to_core_layout(torch.cat(outputs).to(self.dtype))

    def call_native(
        self,
        inputs: tuple[Tensor, ...],
        labels: Tensor | None = None,
        *,
        buffers: Mapping[str, Tensor] = NO_BUFFERS,
        action: str = "in inference mode",
    ) -> Tensor:
        """Return the outputs of a native module for its inputs, in their order and its own layout.

        `buffers` replace the module's own by name. An error inside the module becomes a ConfigError
        that names it and the `action`.
        """
        after = (labels,) if self.labels is LabelsArgument.NEXT else ()
        named = {LABELS: labels} if self.labels is LabelsArgument.KEYWORD else {}
        action = f"{action}, on inputs of {' and '.join(str(tuple(x.shape)) for x in inputs)}"
        hint = NO_LABELS_HINT if self.labels is LabelsArgument.NOT_TAKEN else ""
        if self.labels.taken:
            classes, columns = self.label_format.classes, self.label_format.columns
            rows = f"(n, {columns}) real numbers"
            hint = f"; its labels are {f'from 0 to {classes - 1}' if classes else rows}"
        with name_in_errors(self.name, self.module, action, hint):
            outputs: Tensor = functional_call(self.module, dict(buffers), (*inputs, *after), named)
        return outputs

    def __call__(
        self, inputs: Array | tuple[Array, ...], labels: AnyLabels | None = None, /
    ) -> Array:
        """Return the outputs in inference mode: images, or `(n,)` logits."""
        outputs = self._infer(inputs, labels)
        if self.criticises:
            return self.problem.logits_of(self.name, outputs)
        return outputs

    def classify(self, images: Array, head: str = CLASS, /) -> Array:
        """Return the `(n, size)` outputs of a head, in inference mode; ConfigError without it."""
        columns = self.problem.columns_of(head)
        return self._infer(images, None)[:, columns]

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

    def running(self) -> dict[str, Tensor]:
        """Return the live running state by name."""
        return dict(self.module.named_buffers())

    @torch.no_grad()
    def move(self, running: Mapping[str, Tensor]) -> None:
        """Write running state by name."""
        own = self.running()
        for name, tensor in running.items():
            own[name].copy_(tensor)

    @float32_products
    def noise_gradient(
        self,
        inputs: Array | tuple[Array, ...],
        targets: Array,
        labels: AnyLabels | None = None,
        /,
    ) -> tuple[Array, Array]:
        """Return a generator's images, and the gradient of their squared error at the noise."""
        first, *others = map(self._tensor, inputs_of(inputs))
        at = (first, *others)[self.problem.noise_position].requires_grad_()
        classes = self._classes(labels, len(first))
        with self._inference_mode(), torch.enable_grad():
            made = self._forward_inference(first, classes, tuple(others))
            images = made.detach()
            with name_in_errors(self.name, self.module, "when it was differentiated by its noise"):
                (gradient,) = torch.autograd.grad(made, at, images - self._tensor(targets))
        return _contiguous(images), _contiguous(gradient)

    @float32_products
    def _infer(self, inputs: Array | tuple[Array, ...], labels: AnyLabels | None) -> Array:
        first, *others = map(self._tensor, inputs_of(inputs))
        classes = self._classes(labels, len(first))
        with self._inference_mode(), torch.no_grad():
            return _contiguous(self._forward_inference(first, classes, tuple(others)))

    def _forward_inference(
        self, inputs: Tensor, classes: Tensor | None, others: tuple[Tensor, ...] = ()
    ) -> Tensor:
        """Return the outputs of a network in inference mode, in the core's shapes."""
        if self.native:
            outputs = self.call_native(*self._arguments((inputs, *others), classes))
        else:
            outputs = self.module(inputs, ForwardSettings(classes, others=others))
        return self._to_core_layout(outputs)

    @contextmanager
    def _inference_mode(self) -> Iterator[None]:
        self.module.eval()
        try:
            yield
        finally:
            self.module.train()

    def _tensor(self, array: Array) -> Tensor:
        return torch.tensor(array, dtype=self.dtype, device=self.device)

    def _classes(self, labels: AnyLabels | None, count: int) -> Tensor | None:
        """Return validated labels of `count` inputs; None if the network takes none."""
        if not self.label_format:
            return None
        self.label_format.check(labels, count)
        dtype = self.dtype if self.label_format.columns else torch.int64
        return torch.tensor(labels, device=self.device, dtype=dtype)

    def _dropout_factors(self, masks: UpdateMasks, number: int) -> DropoutFactors:
        def factors(place: Place, shape: torch.Size, rate: float) -> Tensor:
            mask = masks.mask(self.name, self.role, place, shape, rate, number)
            scale = torch.tensor(1 / keep_probability(rate), dtype=self.dtype)
            # As bytes: torch's conversion of bool is not vectorised, and takes twice as long.
            return mask.to(self.device).view(torch.uint8) * scale

        return factors

    def _arguments(
        self, inputs: tuple[Tensor, ...], labels: Tensor | None
    ) -> tuple[tuple[Tensor, ...], Tensor | None]:
        """Return the inputs of a native module, images with their channels first, and labels."""
        own = tuple(channels_first(x).contiguous() if x.ndim == IMAGES else x for x in inputs)
        return own, require_labels(labels) if self.label_format else None

    def _to_core_layout(self, outputs: Tensor) -> Tensor:
        """Convert outputs to the core's shapes: NHWC images, rows of logits."""
        if self.criticises:
            return outputs.reshape(len(outputs), -1)
        return channels_last(outputs).contiguous() if self.native else outputs


def _contiguous(tensor: Tensor) -> Array:
    return np.ascontiguousarray(tensor.cpu().numpy())


def _cuda_devices(device: torch.device) -> list[torch.device]:
    return [device] if device.type == "cuda" else []
