"""A classifier that gives features and class probabilities, trained once for each data set.

It replaces the Inception network of Salimans et al. 2016 and Heusel et al. 2017: it is small, and
is trained on the data set's own classes. Its features are the values before its last layer,
joined with local features. All backends use the same one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._utils.state import State
from gankit.data import ImageSet
from gankit.errors import ConfigError, DataError
from gankit.evaluation.chunks import by_chunks
from gankit.evaluation.features import array_cache, local_features, mlp
from gankit.evaluation.features.array_cache import ArrayCache
from gankit.evaluation.features.digest import digest
from gankit.evaluation.features.shrunk_images import inputs, small
from gankit.evaluation.features.train_classifier import ReportStep, fit, steps_for
from gankit.evaluation.image_arrays import Float32, Levels, Real, check_shape

VERSION = "classifier 4"
"""Part of every cache key: change it with anything that changes the numbers."""

CACHE = ArrayCache(
    "classifiers",
    "training the classifier again",
    "the classifier was not saved and will be trained again next time",
)


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained classifier; call it to get features (it implements `ClassFeatures`).

    Attributes
    ----------
    name
        Ends with the first digits of the weights' checksum: two with the same name give the same
        numbers.
    shape
        (height, width, channels) of its input images.
    weights
        Float32 arrays named as in `mlp.shapes` and `local_features.shapes`.
    """

    name: str
    shape: tuple[int, ...]
    weights: State = field(repr=False)

    def __call__(self, images: NDArray[Any], /) -> Real:
        """Return `(n, d)` float64 features of `(n, H, W, C)` images, uint8 or real in [-1, 1].

        The first 64 are the classifier's, the others are local: 18 for grey images, 54 for colour.
        """
        check_shape(images, self.shape, "the classifier")
        return by_chunks(self._joined, images)

    def probabilities(self, images: NDArray[Any], /) -> Real:
        """Return the `(n, classes)` float64 class probabilities."""
        check_shape(images, self.shape, "the classifier")
        logits = by_chunks(lambda p: mlp.logits(self.weights, self._features(p)), images)
        return mlp.softmax(logits)

    def _joined(self, images: Levels) -> Float32:
        parts = [self._features(images), local_features.features(self.weights, images)]
        return np.concatenate(parts, axis=1)

    def _features(self, images: Levels) -> Float32:
        return mlp.features(self.weights, small(images))


def classifier_of(
    data: ImageSet, *, steps: int | None = None, progress: ReportStep = lambda *_: None
) -> Classifier:
    """Return the classifier of a data set: from the cache, or trained now.

    The cache key is the checksum of images, labels, steps and `VERSION`. A damaged file is
    replaced by training again. If the cache cannot be written, the classifier is returned
    unsaved. Both warn.

    Parameters
    ----------
    data
        Training images with labels, of any size; it is trained on those that have one.
    steps
        Training steps of 256 images each; by default 20 epochs, at least 400 and at most 5,000.
    progress
        Called every 20 training steps, with an estimate of the time left.

    Raises
    ------
    DataError
        The data set has no labels, or no images.
    ConfigError
        `steps` is below 1.
    """
    labels = _labels_of(data)
    steps = steps_for(len(data)) if steps is None else steps
    if steps < 1:
        raise ConfigError(f"steps: got {steps}; expected at least 1")
    shape = data.images.shape[1:]
    key = digest(f"{VERSION}, {steps} steps, {data.classes} classes", data.images, labels)
    wanted = mlp.shapes(inputs(shape), data.classes) | local_features.shapes(shape[-1])
    weights = CACHE.read(key, wanted)
    if weights is None:
        weights = fit(data.images, labels, data.classes, steps, progress)
        weights |= local_features.fit(data.images, _feature_variance(weights, data.images))
        CACHE.write(key, weights)
    # The cache key is not enough: BLAS rounds by processor and threads, and training amplifies
    # that.
    checksum = array_cache.checksum(weights).tobytes().hex()[:8]
    local = f"{local_features.count(shape[-1])} local features"
    return Classifier(f"{mlp.FEATURES} classifier and {local} ({checksum})", shape, weights)


def _feature_variance(weights: State, images: Levels) -> float:
    """Return the mean variance of the classifier's features over a sample of the images."""
    sample = np.asarray(images[:: max(1, len(images) // local_features.MOST_IMAGES)])
    values = by_chunks(lambda part: mlp.features(weights, small(part)), sample)
    return float(values.var(0).mean())


def _labels_of(data: ImageSet) -> NDArray[np.int64]:
    """Return the labels; raise DataError without labels or images."""
    if data.labels is None or data.conditions:
        raise DataError(
            f"{data.source}: has no classes to train a classifier; use principal_components(...)"
        )
    if 0 in data.images.shape:
        raise DataError(f"{data.source}: has no images to train a classifier")
    return np.asarray(data.labels, np.int64)
