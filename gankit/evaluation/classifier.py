"""A classifier to judge by: trained once for each labelled data set, the same for every backend.

Like the Inception network of Salimans et al. 2016 and Heusel et al. 2017, but small, and of the
data's own classes: it gives the values before its last layer as features, with local features
beside them, and the chance of each class.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._utils.state import State
from gankit.data import ImageSet
from gankit.errors import ConfigError, DataError
from gankit.evaluation import classifier_cache, local, mlp
from gankit.evaluation.features import digest
from gankit.evaluation.pixels import Float32, Levels, Real, by_chunks, check_shape, inputs, small
from gankit.evaluation.train_classifier import Progress, fit, steps_for

VERSION = "classifier 4"
"""Part of every key: change it with anything that changes the numbers."""


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained network; callable, so that it serves as `ClassFeatures`.

    Attributes
    ----------
    name
        With the first digits of the weights' sum: two of the same name give the same numbers.
    shape
        (height, width, channels) of the images that it takes.
    weights
        As `network.shapes` and `local.shapes` name them, float32.
    """

    name: str
    shape: tuple[int, ...]
    weights: State = field(repr=False)

    def __call__(self, images: NDArray[Any], /) -> Real:
        """Return `(n, d)` float64 features of `(n, H, W, C)` images, uint8 or real in [-1, 1].

        The first 64 are the classifier's, the others local: 18 in grey, 54 in colour.
        """
        check_shape(images, self.shape, "the classifier")
        return by_chunks(self._all, images)

    def probabilities(self, images: NDArray[Any], /) -> Real:
        """Return the `(n, classes)` float64 chances of each class."""
        check_shape(images, self.shape, "the classifier")
        logits = by_chunks(lambda p: mlp.logits(self.weights, self._features(p)), images)
        return mlp.softmax(logits)

    def _all(self, images: Levels) -> Float32:
        parts = [self._features(images), local.features(self.weights, images)]
        return np.concatenate(parts, axis=1)

    def _features(self, images: Levels) -> Float32:
        return mlp.features(self.weights, small(images))


def classifier_of(
    data: ImageSet, *, steps: int | None = None, progress: Progress = lambda *_: None
) -> Classifier:
    """Return the classifier of a data set: the one that is kept, or else one trained now.

    It is kept in gankit's cache under the sum of images, labels and `VERSION`. One that is
    damaged is trained again; where the cache cannot be written, it is not kept. Either warns.

    Parameters
    ----------
    data
        Images with labels: those to train on, of any size.
    steps
        Of training, each on 256 images; by default 20 epochs, at least 400 and at most 5,000.
    progress
        Called every 20 steps while it is trained, with a time estimate.

    Raises
    ------
    DataError
        The data set has no labels, or no images.
    ConfigError
        `steps` is below 1.
    """
    labels = _checked(data)
    steps = steps_for(len(data)) if steps is None else steps
    if steps < 1:
        raise ConfigError(f"steps is {steps}; a classifier is trained for at least 1")
    shape = data.images.shape[1:]
    key = digest(f"{VERSION}, {steps} steps, {data.classes} classes", data.images, labels)
    wanted = mlp.shapes(inputs(shape), data.classes) | local.shapes(shape[-1])
    weights = classifier_cache.read(key, wanted)
    if weights is None:
        weights = fit(data.images, labels, data.classes, steps, progress)
        weights |= local.fit(data.images, _variance(weights, data.images))
        classifier_cache.write(key, weights)
    # The key will not do: BLAS steps by processor and threads, and training makes much of that.
    mark = classifier_cache.sum_of(weights).tobytes().hex()[:8]
    name = f"{mlp.FEATURES} classifier and {local.count(shape[-1])} local features ({mark})"
    return Classifier(name, shape, weights)


def _variance(weights: State, images: Levels) -> float:
    """Return the mean variance of the network's features over some of the images."""
    some = np.asarray(images[:: max(1, len(images) // local.IMAGES)])
    values = by_chunks(lambda part: mlp.features(weights, small(part)), some)
    return float(values.var(0).mean())


def _checked(data: ImageSet) -> NDArray[np.int64]:
    """Return the labels, if the data set can be learned from."""
    if data.labels is None:
        raise DataError(
            f"{data.source}: has no labels to train a classifier; use principal_components(...)"
        )
    if 0 in data.images.shape:
        raise DataError(f"{data.source}: has no images to train a classifier")
    return data.labels
