"""Pairs of small networks for RGB images, by the layers that they test.

No layer before a batch normalisation has a bias, because its gradient would be rounding error.
"""

from __future__ import annotations

from gankit.layers import (
    AveragePool,
    BatchNorm,
    BlurPool,
    BlurUpsample,
    Concat,
    Conv,
    ConvTranspose,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    InstanceNorm,
    LayerNorm,
    LeakyReLU,
    MinibatchStd,
    Projection,
    ReconstructionLogit,
    ReLU,
    Reshape,
    Residual,
    SelfAttention,
    Spec,
    Tanh,
    Upsample,
)
from gankit.testing.rgb import IMAGE, VALUES

TO_IMAGE: Spec = (Dense(VALUES), Tanh(), Reshape(IMAGE))
"""Last layers of a generator."""

PAIRS: dict[str, tuple[Spec, Spec]] = {
    "conv": (
        (
            Dense(24), Reshape((3, 2, 4)), ConvTranspose(6, kernel=4, stride=2, padding=1),
            LeakyReLU(0.2), Upsample(2), Conv(3, kernel=3, padding=1), Tanh(),
        ),
        (
            Conv(6, kernel=3, stride=2, padding=1), LeakyReLU(0.2),
            Conv(8, kernel=3, padding=1, groups=2), LeakyReLU(0.2), AveragePool(2),
            Flatten(), Dense(1),
        ),
    ),
    "odd-conv": (  # Stride above the kernel size, padding above half of it, pixels left over.
        (
            Dense(18), Reshape((3, 2, 3)), ConvTranspose(4, kernel=3, stride=4, bias=False),
            ReLU(), Conv(3, kernel=2, padding=1), Tanh(),
        ),
        (
            Conv(5, kernel=5, stride=3, padding=1), LeakyReLU(0.2),
            ConvTranspose(4, kernel=3, stride=2, padding=2), LeakyReLU(0.2),
            Conv(4, kernel=3, padding=2, bias=False), Flatten(), Dense(1),
        ),
    ),
    "thin-conv": (  # One filter or channel, for which memory layouts are ambiguous.
        (
            Dense(15), Reshape((5, 3, 1)), ConvTranspose(4, kernel=3, stride=2), LeakyReLU(0.2),
            Conv(1, kernel=2, padding=1), LeakyReLU(0.2),
            ConvTranspose(3, kernel=3, padding=1), Tanh(),
        ),
        (
            Conv(4, kernel=3, stride=2, padding=1), LeakyReLU(0.2), Conv(1, kernel=3, padding=1),
            LeakyReLU(0.2), Flatten(), Dense(1),
        ),
    ),
    "norm": (
        (
            Dense(24, bias=False), BatchNorm(0.9, 1e-3), LeakyReLU(0.2), Dense(VALUES, bias=False),
            Reshape(IMAGE), BatchNorm(0.8, 1e-5), Tanh(),
        ),
        (
            BatchNorm(0.7, 1e-4), LayerNorm(1e-3), Flatten(), Dense(24), LayerNorm(1e-5),
            LeakyReLU(0.2), Dense(1),
        ),
    ),
    "instance-norm": (
        (Dense(24), Reshape((3, 4, 2)), InstanceNorm(1e-3), Tanh(), Flatten(), *TO_IMAGE),
        (
            InstanceNorm(1e-4), Reshape((6, 4, 12)), InstanceNorm(1e-2), Tanh(), Flatten(),
            Dense(1),
        ),
    ),
    "blur": (
        (
            Dense(24), Reshape((3, 2, 4)), BlurUpsample(), LeakyReLU(0.2), BlurUpsample(),
            Conv(3, kernel=3, padding=1), Tanh(),
        ),
        (BlurPool(), Conv(4, kernel=3, padding=1), LeakyReLU(0.2), BlurPool(), Flatten(), Dense(1)),
    ),
    "minibatch-std": (
        (Dense(12), MinibatchStd(momentum=0.8), Tanh(), *TO_IMAGE),
        (
            MinibatchStd(momentum=0.5, epsilon=1e-4), Flatten(), Dense(12), Tanh(),
            MinibatchStd(), Dense(1),
        ),
    ),
    "attention": (
        (Dense(48), Reshape((3, 4, 4)), SelfAttention(2), Tanh(), Flatten(), *TO_IMAGE),
        (Reshape((6, 4, 12)), SelfAttention(3), Tanh(), Flatten(), Dense(1)),
    ),
    "concat": (  # Inside a residual block, "@0" is that block's first layer.
        (
            Dense(12), Tanh(), Dense(20), Concat("@1"), LeakyReLU(0.2), Concat("@2"), Concat("@1"),
            *TO_IMAGE,
        ),
        (
            Reshape((6, 4, 12)), Tanh(), Concat("@0"), Flatten(), Dense(16), Tanh(),
            Residual((Dense(8), Tanh(), Concat("@0"), Dropout(0.2), Dense(16))), Concat("@4"),
            LeakyReLU(0.2), Dense(1),
        ),
    ),
    "labels": (
        (Embedding(3), Dense(24), LeakyReLU(0.2), *TO_IMAGE),
        (Embedding(4, gain=0.5), Flatten(), Dense(24), LeakyReLU(0.2), Projection()),
    ),
    "conditional-norm": (
        (
            Dense(24, bias=False), BatchNorm(0.9, 1e-3, conditional=True), LeakyReLU(0.2),
            Dense(VALUES, bias=False), Reshape(IMAGE), BatchNorm(0.8, 1e-5, conditional=True),
            Tanh(),
        ),
        (BatchNorm(0.7, 1e-4, conditional=True), Flatten(), Dense(24), LeakyReLU(0.2), Dense(1)),
    ),
    "reconstruction": (  # The inputs of the inner layer are those of the block.
        TO_IMAGE,
        (
            Reshape((6, 4, 12)), Conv(2, kernel=3, stride=2, padding=1), Tanh(),
            ConvTranspose(12, kernel=4, stride=2, padding=1), Reshape(IMAGE),
            ReconstructionLogit("l1"),
            Residual((Dense(4), Tanh(), Dense(1), ReconstructionLogit()), shortcut=(Dense(1),)),
        ),
    ),
    "residual": (  # A dropout layer's mask depends on its number among all layers.
        (
            Residual((Dense(8), LeakyReLU(0.2), Dropout(0.3), Dense(8))),
            Residual((Dense(24), ReLU()), shortcut=(Dropout(0.2), Dense(24, bias=False))),
            Dropout(0.2), *TO_IMAGE,
        ),
        (
            Flatten(), Residual((Dense(24), Residual((Dropout(0.2),))), shortcut=(Dense(24),)),
            LeakyReLU(0.2), Dropout(0.3), Dense(1),
        ),
    ),
    "spectral": (
        (Dense(24, spectral=True), LeakyReLU(0.2), *TO_IMAGE),
        (
            Flatten(), Dense(24, spectral=True), LeakyReLU(0.2),
            Dense(1, bias=False, gain=3.0, spectral=True),
        ),
    ),
    "spectral-conv": (
        (
            Dense(24), Reshape((3, 2, 4)), ReLU(),
            ConvTranspose(3, kernel=4, stride=4, spectral=True), Tanh(),
        ),
        (
            Conv(6, kernel=4, stride=2, padding=1, spectral=True), LeakyReLU(0.1),
            Conv(8, kernel=3, groups=2, spectral=True, init="fan-in-normal"), LeakyReLU(0.1),
            Flatten(), Projection(spectral=True),
        ),
    ),
    "spectral-attention": (
        TO_IMAGE,
        (Reshape((6, 4, 12)), SelfAttention(3, gain=2.0, spectral=True), Flatten(), Dense(1)),
    ),
}  # fmt: skip
