"""The protocols of features: the numbers that metrics compare instead of pixels."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

from gankit.evaluation.image_arrays import Real


@runtime_checkable
class Features(Protocol):
    """A function from images to a few numbers each that describe their content.

    With a method `probabilities(images)`, `(n, classes)` float64, metrics of classes are computed
    too.

    Attributes
    ----------
    name
        A short description; compare metrics only if their names are equal. Of a plugin's features
        it is the name for `--features`.
    """

    @property
    def name(self) -> str:
        """A short description."""
        ...

    def __call__(self, images: NDArray[Any], /) -> Real:
        """Return `(n, d)` float64 for `images`, `(n, H, W, C)` uint8 or real in [-1, 1]."""
        ...


@runtime_checkable
class ClassFeatures(Features, Protocol):
    """Features of a network that also classifies images."""

    def probabilities(self, images: NDArray[Any], /) -> Real:
        """Return `(n, classes)` float64 probabilities; each row sums to 1."""
        ...
