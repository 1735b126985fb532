"""Class-conditional layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from gankit import layers
from gankit_torch.forward import ForwardSettings, require_labels
from gankit_torch.spectral_norm import spectral_normalize


def vectors_of(labels: Tensor, table: Tensor) -> Tensor:
    """Return `(n, units)`: the rows of classes, or the product of label vectors and the table."""
    if labels.is_floating_point():
        return labels @ table
    return functional.embedding(labels, table)


class Embedding(nn.Module):
    """Concatenate a learned vector of the class to the features, at every pixel of an image."""

    def __init__(self, units: int, classes: int) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.empty(classes, units))

    def forward(self, inputs: Tensor, settings: ForwardSettings) -> Tensor:
        """Return `(n, ..., features + units)`."""
        vectors = vectors_of(require_labels(settings.labels), self.embedding)
        sides = inputs.shape[1:-1]
        at_pixels = vectors.reshape(inputs.shape[0], *(1 for _ in sides), -1)
        return torch.cat([inputs, at_pixels.expand(-1, *sides, -1)], dim=-1)


class Projection(nn.Module):
    """One logit from the features and the class of an image."""

    kernel_u: Tensor | None
    embedding_u: Tensor | None

    def __init__(self, layer: layers.Projection, features: int, classes: int) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(features, 1))
        self.bias = nn.Parameter(torch.empty(1)) if layer.bias else None
        self.embedding = nn.Parameter(torch.empty(classes, features))
        self.register_buffer("kernel_u", torch.empty(1) if layer.spectral else None)
        self.register_buffer("embedding_u", torch.empty(features) if layer.spectral else None)

    def forward(self, inputs: Tensor, settings: ForwardSettings) -> Tensor:
        """Return `(n, 1)`."""
        table = spectral_normalize(self.embedding, self.embedding_u, settings)
        vectors = vectors_of(require_labels(settings.labels), table)
        logits = inputs @ spectral_normalize(self.kernel, self.kernel_u, settings)
        logits = logits + (inputs * vectors).sum(1, keepdim=True)
        return logits if self.bias is None else logits + self.bias
