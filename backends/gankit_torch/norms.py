"""Normalisation by torch's fused kernels, which can be differentiated twice."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from gankit import layers
from gankit.functional import batch_deviations, batch_moments, mean_of_groups, normalize
from gankit_torch import torch_functions
from gankit_torch.conditional import vectors_of
from gankit_torch.forward import ForwardSettings, require_labels


class BatchNorm(nn.Module):
    """Normalise each channel over the batch, or at inference by the running state."""

    mean: Tensor
    variance: Tensor
    gamma: Tensor | None
    beta: Tensor | None

    def __init__(self, layer: layers.BatchNorm, channels: int, classes: int) -> None:
        super().__init__()
        self.momentum, self.epsilon = layer.momentum, layer.epsilon
        self.gamma = self.beta = None
        if layer.conditional:
            self.scale, self.shift = (
                nn.Parameter(torch.empty(classes, channels)) for _ in range(2)
            )
        else:
            self.gamma, self.beta = (nn.Parameter(torch.empty(channels)) for _ in range(2))
        self.register_buffer("mean", torch.empty(channels))
        self.register_buffer("variance", torch.empty(channels))

    def forward(self, inputs: Tensor, settings: ForwardSettings) -> Tensor:
        """Return the inputs' shape."""
        outputs = self._normalise_inputs(inputs, settings)
        if self.gamma is not None:
            return outputs
        gamma, beta = self._of_labels(settings, (-1, *(1 for _ in inputs.shape[1:-1])))
        return torch.addcmul(beta, outputs, gamma)

    def _of_labels(
        self, settings: ForwardSettings, images: tuple[int, ...]
    ) -> tuple[Tensor, Tensor]:
        """Return gamma and beta of each image's class, with the axes `images` in front."""
        labels = require_labels(settings.labels)
        scale, shift = (
            vectors_of(labels, table).reshape(*images, table.shape[1])
            for table in (self.scale, self.shift)
        )
        return 1 + scale, shift

    def _normalise_inputs(self, inputs: Tensor, settings: ForwardSettings) -> Tensor:
        """Return the outputs; those of a conditional layer without gamma and beta."""
        if settings.training and settings.sums.world.size > 1:
            return self._normalise_together(inputs, settings)
        values = inputs.movedim(-1, 1)
        if not settings.training:
            return self._normalise(values, self.mean, self.variance)[0].movedim(1, -1)
        outputs, means, deviations = zip(
            *map(self._normalise, values.chunk(settings.halves)), strict=True
        )
        if settings.moving:
            self._move_running(torch.stack(means), torch.stack(deviations))
        return torch.cat(outputs).movedim(1, -1)

    def _normalise(
        self, values: Tensor, mean: Tensor | None = None, variance: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the outputs, and the mean and the inverse deviation of the values."""
        return torch.native_batch_norm(
            values, self.gamma, self.beta, mean, variance, mean is None, 0.0, self.epsilon
        )

    def _normalise_together(self, inputs: Tensor, settings: ForwardSettings) -> Tensor:
        """Return the outputs with the statistics of all processes' rows, for each half."""
        values = inputs.reshape(settings.halves, -1, *inputs.shape[1:])
        axes = tuple(range(1, values.dim() - 1))
        means, variances = batch_moments(torch_functions, settings.sums, values, axes)
        if settings.moving:
            flat = (each.reshape(settings.halves, -1) for each in (means, variances))
            self._blend(*flat)
        affine = (1.0, 0.0) if self.gamma is None else (self.gamma, self.beta)
        made: Tensor = normalize(torch_functions, values, (means, variances), affine, self.epsilon)
        return made.reshape(inputs.shape)

    def _move_running(self, means: Tensor, inverse_deviations: Tensor) -> None:
        self._blend(means, inverse_deviations.detach().pow(-2) - self.epsilon)

    @torch.no_grad()
    def _blend(self, means: Tensor, variances: Tensor) -> None:
        """Blend in the halves' mean statistics; torch's own update uses unbiased ones."""
        for running, halves in ((self.mean, means), (self.variance, variances)):
            running.mul_(self.momentum).add_(halves.mean(dim=0), alpha=1 - self.momentum)


class MinibatchStd(nn.Module):
    """Append how much the images of a batch, or of each group of it, differ."""

    deviation: Tensor

    def __init__(self, layer: layers.MinibatchStd) -> None:
        super().__init__()
        self.layer = layer
        self.register_buffer("deviation", torch.empty(1))

    def forward(self, inputs: Tensor, settings: ForwardSettings) -> Tensor:
        """Return `(n, ..., features + 1)`."""
        sides = inputs.shape[1:-1]
        if not settings.training:
            return torch.cat([inputs, self.deviation.expand(inputs.shape[0], *sides, 1)], dim=-1)
        layer, sums = self.layer, settings.sums
        found = batch_deviations(torch_functions, sums, inputs, settings.halves, layer)
        if settings.moving:
            with torch.no_grad():
                mean = mean_of_groups(torch_functions, sums, found.detach(), layer)
                self.deviation.mul_(layer.momentum).add_(mean, alpha=1 - layer.momentum)
        rows = found.expand(-1, len(inputs) // len(found)).reshape(-1, *(1 for _ in sides), 1)
        return torch.cat([inputs, rows.expand(-1, *sides, 1)], dim=-1)


class LayerNorm(nn.Module):
    """Normalise all of one image's values together; scale and shift are per channel."""

    def __init__(self, layer: layers.LayerNorm, channels: int) -> None:
        super().__init__()
        self.epsilon = layer.epsilon
        self.gamma, self.beta = (nn.Parameter(torch.empty(channels)) for _ in range(2))

    def forward(self, inputs: Tensor, _settings: ForwardSettings) -> Tensor:
        """Return the inputs' shape.

        Uses torch's layer norm. Its group norm is twice as fast, but on channels-last images it
        crashes if only the weights' gradient is needed.
        """
        shape = inputs.shape[1:]
        gamma, beta = self.gamma.expand(shape), self.beta.expand(shape)
        return functional.layer_norm(inputs, shape, gamma, beta, self.epsilon)


class InstanceNorm(nn.Module):
    """Normalise each channel of each image over its pixels."""

    def __init__(self, layer: layers.InstanceNorm, channels: int) -> None:
        super().__init__()
        self.epsilon = layer.epsilon
        self.gamma, self.beta = (nn.Parameter(torch.empty(channels)) for _ in range(2))

    def forward(self, inputs: Tensor, _settings: ForwardSettings) -> Tensor:
        """Return the inputs' shape."""
        values = inputs.movedim(-1, 1)
        made: Tensor = functional.instance_norm(
            values, weight=self.gamma, bias=self.beta, eps=self.epsilon
        )
        return made.movedim(1, -1)
