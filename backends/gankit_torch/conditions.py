"""Class-conditional layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from gankit import layers
from gankit_torch.passes import Pass, known
from gankit_torch.spectral import divided


class Embedding(nn.Module):
    """Concatenate a learned vector of the class to the features, at every pixel of an image."""

    def __init__(self, units: int, classes: int) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.empty(classes, units))

    def forward(self, inputs: Tensor, how: Pass) -> Tensor:
        """Return `(n, ..., features + units)`."""
        vectors = functional.embedding(known(how.labels), self.embedding)
        places = inputs.shape[1:-1]
        spread = vectors.reshape(inputs.shape[0], *(1 for _ in places), -1)
        return torch.cat([inputs, spread.expand(-1, *places, -1)], dim=-1)


class Projection(nn.Module):
    """One logit of a row and a class."""

    kernel_u: Tensor | None
    embedding_u: Tensor | None

    def __init__(self, layer: layers.Projection, features: int, classes: int) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(features, 1))
        self.bias = nn.Parameter(torch.empty(1)) if layer.bias else None
        self.embedding = nn.Parameter(torch.empty(classes, features))
        self.register_buffer("kernel_u", torch.empty(1) if layer.spectral else None)
        self.register_buffer("embedding_u", torch.empty(features) if layer.spectral else None)

    def forward(self, inputs: Tensor, how: Pass) -> Tensor:
        """Return `(n, 1)`."""
        table = divided(self.embedding, self.embedding_u, how)
        vectors = functional.embedding(known(how.labels), table)
        logits = inputs @ divided(self.kernel, self.kernel_u, how)
        logits = logits + (inputs * vectors).sum(1, keepdim=True)
        return logits if self.bias is None else logits + self.bias
