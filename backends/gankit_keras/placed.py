"""The data set where blocks look it up: on the device, or on the host as it lies in a file."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit.contract import Labels, Problem, aligned
from gankit_keras.framework import Tensor, tf
from gankit_keras.networks import told_labels

Index: TypeAlias = NDArray[np.int64]


class Placed(Protocol):
    """Images, uint8 or scaled, with their labels."""

    labels: Tensor
    """`(N,)` int64; no rows where the problem asks for none."""

    def real(self, index: Index, /) -> Any:  # noqa: ANN401 - an array or a tensor.
        """Return what the compiled steps look up real images in, given `(K, S, B)` indices."""
        ...

    def nbytes(self, index: Index, /) -> int:
        """Return how many bytes that takes on the host."""
        ...


class OnDevice:
    """All images in the device's memory: steps get all of them, and look up by index."""

    def __init__(self, images: NDArray[Any], labels: Labels) -> None:
        self.images = _on_device(images)
        self.labels = tf.constant(labels)

    def real(self, _index: Index, /) -> Tensor:
        """Return `(N, height, width, channels)`."""
        return self.images

    def nbytes(self, _index: Index, /) -> int:
        """Return 0: nothing is handed over."""
        return 0


class OnHost:
    """Images in a file that may be larger than memory: steps get those that they see."""

    def __init__(self, images: NDArray[Any], labels: Labels, problem: Problem) -> None:
        self.images = images
        self.labels = tf.constant(labels)
        self.problem = problem

    def real(self, index: Index, /) -> NDArray[Any]:
        """Return `(K, S, B, height, width, channels)`."""
        found = np.asarray(self.images[index])
        return found if found.dtype == np.uint8 else self.problem.scale(found)

    def nbytes(self, index: Index, /) -> int:
        """Return the size of what `real` would return, as it lies in the file."""
        return int(index.size * self.images[0].nbytes)


def placed(problem: Problem, images: NDArray[Any], labels: Labels | None, classes: int) -> Placed:
    """Return the data set, on the device unless it lies in a file; `classes` as in a form."""
    told = told_labels(labels, len(images), classes)
    if not isinstance(images, np.ndarray) or isinstance(images, np.memmap):
        return OnHost(images, told, problem)
    return OnDevice(images if images.dtype == np.uint8 else problem.scale(images), told)


def _on_device(images: NDArray[Any]) -> Tensor:
    """Return a tensor of these images with one copy of them at most; tf.constant makes two.

    On a CPU it takes over NumPy's own memory, which TensorFlow wants aligned, or ends the process.
    """
    shared = tf.experimental.dlpack.from_dlpack(aligned(images).__dlpack__())
    return shared if shared.device == tf.zeros(()).device else tf.identity(shared)
