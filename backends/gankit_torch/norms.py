"""Normalisation by torch's fused kernels, which can be differentiated twice."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from gankit import layers
from gankit.functional import batch_moments, normalize
from gankit_torch import torch_functions
from gankit_torch.forward import ForwardSettings


class BatchNorm(nn.Module):
    """Normalise each channel over the batch, or at inference by the running state."""

    mean: Tensor
    variance: Tensor

    def __init__(self, layer: layers.BatchNorm, channels: int) -> None:
        super().__init__()
        self.momentum, self.epsilon = layer.momentum, layer.epsilon
        self.gamma, self.beta = (nn.Parameter(torch.empty(channels)) for _ in range(2))
        self.register_buffer("mean", torch.empty(channels))
        self.register_buffer("variance", torch.empty(channels))

    def forward(self, inputs: Tensor, settings: ForwardSettings) -> Tensor:
        """Return the inputs' shape."""
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
        affine = (self.gamma, self.beta)
        made: Tensor = normalize(torch_functions, values, (means, variances), affine, self.epsilon)
        return made.reshape(inputs.shape)

    def _move_running(self, means: Tensor, inverse_deviations: Tensor) -> None:
        self._blend(means, inverse_deviations.detach().pow(-2) - self.epsilon)

    @torch.no_grad()
    def _blend(self, means: Tensor, variances: Tensor) -> None:
        """Blend in the halves' mean statistics; torch's own update uses unbiased ones."""
        for running, halves in ((self.mean, means), (self.variance, variances)):
            running.mul_(self.momentum).add_(halves.mean(dim=0), alpha=1 - self.momentum)


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
