"""Normalisation by torch's fused kernels, which can be differentiated twice."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from gankit import layers
from gankit_torch.passes import Pass


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

    def forward(self, inputs: Tensor, how: Pass) -> Tensor:
        """Return the inputs' shape."""
        values = inputs.movedim(-1, 1)
        if not how.training:
            return self._run(values, self.mean, self.variance)[0].movedim(1, -1)
        outputs, means, deviations = zip(*map(self._run, values.chunk(how.halves)), strict=True)
        if how.moves:
            self._move(torch.stack(means), torch.stack(deviations))
        return torch.cat(outputs).movedim(1, -1)

    def _run(
        self, values: Tensor, mean: Tensor | None = None, variance: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the outputs, and the mean and the inverse deviation of the values."""
        return torch.native_batch_norm(
            values, self.gamma, self.beta, mean, variance, mean is None, 0.0, self.epsilon
        )

    @torch.no_grad()
    def _move(self, means: Tensor, inverse_deviations: Tensor) -> None:
        """Add each half's statistics; the kernel's own update would use unbiased ones."""
        variances = inverse_deviations.pow(-2) - self.epsilon
        for running, halves in ((self.mean, means), (self.variance, variances)):
            running.mul_(self.momentum).add_(halves.mean(dim=0), alpha=1 - self.momentum)


class LayerNorm(nn.Module):
    """Normalise all of one image's values together; scale and shift are per channel."""

    def __init__(self, layer: layers.LayerNorm, channels: int) -> None:
        super().__init__()
        self.epsilon = layer.epsilon
        self.gamma, self.beta = (nn.Parameter(torch.empty(channels)) for _ in range(2))

    def forward(self, inputs: Tensor, _how: Pass) -> Tensor:
        """Return the inputs' shape.

        Uses the kernel of layers: the one of groups of channels, though twice as fast, crashes on
        channels-last images if only the weights' gradient is needed.
        """
        shape = inputs.shape[1:]
        gamma, beta = self.gamma.expand(shape), self.beta.expand(shape)
        return functional.layer_norm(inputs, shape, gamma, beta, self.epsilon)
