"""The data set for blocks: on the device, or on the host for images in a file."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit.contract import AnyLabels, LabelFormat, Problem, aligned
from gankit_keras.framework import Tensor, tf
from gankit_keras.inference import network_labels

Index: TypeAlias = NDArray[np.int64]


class DeviceData(Protocol):
    """Images, uint8 or scaled, with their labels."""

    labels: Tensor
    """`(N,)` int64; no rows if the problem does not use them."""

    def real(self, index: Index, /) -> Any:  # noqa: ANN401 - an array or a tensor.
        """Return the tensor or array of real images for the steps of `(K, S, B)` indices."""
        ...

    def nbytes(self, index: Index, /) -> int:
        """Return its size in bytes on the host."""
        ...


class OnDevice:
    """All images in the device's memory: a block gets all of them, and indexes them."""

    def __init__(self, images: NDArray[Any], labels: AnyLabels) -> None:
        self.images = _on_device(images)
        self.labels = tf.constant(labels)

    def real(self, _index: Index, /) -> Tensor:
        """Return `(N, height, width, channels)`."""
        return self.images

    def nbytes(self, _index: Index, /) -> int:
        """Return 0: nothing is copied."""
        return 0


class OnHost:
    """Images in a file that may be larger than memory: a block gets only those that it uses."""

    def __init__(self, images: NDArray[Any], labels: AnyLabels, problem: Problem) -> None:
        self.images = images
        self.labels = tf.constant(labels)
        self.problem = problem

    def real(self, index: Index, /) -> NDArray[Any]:
        """Return `(K, S, B, height, width, channels)`."""
        images = np.asarray(self.images[index])
        return images if images.dtype == np.uint8 else self.problem.scale(images)

    def nbytes(self, index: Index, /) -> int:
        """Return the size of the result of `real`, in the file's dtype."""
        return int(index.size * self.images[0].nbytes)


def device_data(
    problem: Problem, images: NDArray[Any], labels: AnyLabels | None, taken: LabelFormat
) -> DeviceData:
    """Return the data set, on the device unless it is a file, with the labels that are taken."""
    own = network_labels(labels, len(images), taken, problem.precision)
    if not isinstance(images, np.ndarray) or isinstance(images, np.memmap):
        return OnHost(images, own, problem)
    return OnDevice(images if images.dtype == np.uint8 else problem.scale(images), own)


def _on_device(images: NDArray[Any]) -> Tensor:
    """Return a tensor of these images with at most one copy; tf.constant makes two.

    On a CPU it uses NumPy's memory, which must be aligned, or TensorFlow ends the process.
    """
    shared = tf.experimental.dlpack.from_dlpack(aligned(images).__dlpack__())
    return shared if shared.device == tf.zeros(()).device else tf.identity(shared)
