"""Self-attention over the pixels of an image."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from gankit import layers
from gankit_torch.forward import ForwardSettings
from gankit_torch.spectral_norm import spectral_normalize


class SelfAttention(nn.Module):
    """`x + gamma * (softmax(q k') v) @ output`, with a product at each pixel for q, k and v."""

    query_u: Tensor | None
    key_u: Tensor | None
    value_u: Tensor | None
    output_u: Tensor | None

    def __init__(self, layer: layers.SelfAttention, channels: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (
            nn.Parameter(torch.empty(channels, layer.units)) for _ in range(3)
        )
        self.output = nn.Parameter(torch.empty(layer.units, channels))
        self.gamma = nn.Parameter(torch.empty(1))
        for role in ("query", "key", "value", "output"):
            side = getattr(self, role).shape[1]
            self.register_buffer(f"{role}_u", torch.empty(side) if layer.spectral else None)

    def forward(self, inputs: Tensor, settings: ForwardSettings) -> Tensor:
        """Return the inputs' shape."""
        query, key, value, output = (
            spectral_normalize(kernel, u, settings)
            for kernel, u in (
                (self.query, self.query_u),
                (self.key, self.key_u),
                (self.value, self.value_u),
                (self.output, self.output_u),
            )
        )
        multiply = partial(settings.multiply, torch.matmul)
        rows = inputs.flatten(1, 2)
        scores = multiply(multiply(rows, query), multiply(rows, key).transpose(1, 2))
        sums = multiply(multiply(scores.softmax(2), multiply(rows, value)), output)
        return inputs + self.gamma * sums.reshape(inputs.shape)
