"""Evaluate images against a reference: compute every metric."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit.errors import ConfigError
from gankit.evaluation.evaluation import Evaluation
from gankit.evaluation.features.checked_rows import checked_probabilities, checked_rows
from gankit.evaluation.features.onnx_features import OnnxFeatures
from gankit.evaluation.features.protocols import ClassFeatures, Features
from gankit.evaluation.image_arrays import Levels, Real, check_shape, levels
from gankit.evaluation.metrics import class_scores
from gankit.evaluation.metrics.frechet_distance import Moments, frechet_distance, moments
from gankit.evaluation.metrics.kernel_distance import FEWEST, kernel_distance, subset_distances
from gankit.evaluation.metrics.nearest_images import nearest_images
from gankit.evaluation.metrics.precision_recall import NEIGHBOURS, balls, radii
from gankit.evaluation.reference import Reference

NEAREST_SAMPLES = 1000
"""The nearest training image is searched for this many images: the first ones."""

Announce: TypeAlias = Callable[[str], None]
"""Takes the name of the metric that is computed next."""


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Evaluates images against one reference, whose features are computed once.

    Attributes
    ----------
    reference
        Real images.
    features
        The features to compare; class metrics need features with `probabilities`.
    neighbours
        k of precision, recall, density and coverage.
    seed
        Seed of the kernel distance's subsets.
    training
        `(N, H, W, C)` all training images, searched for the nearest image; None searches the
        reference.
    """

    reference: Reference
    features: Features
    neighbours: int = NEIGHBOURS
    seed: int = 0
    training: NDArray[Any] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Raise ConfigError if the features are of a file that does not fit the images."""
        if isinstance(self.features, OnnxFeatures):
            self.features.check(self.reference.images.shape[1:])

    def __call__(
        self,
        images: NDArray[Any],
        announce: Announce = lambda _: None,
        own: NDArray[np.int64] | None = None,
        *,
        real: bool = False,
    ) -> Evaluation:
        """Return every metric of `(n, H, W, C)` images, uint8 or real numbers in [-1, 1].

        Parameters
        ----------
        images
            More than `neighbours` of them.
        announce
            Called with the name of the metric that is computed next.
        own
            `(n,)` their positions in `training`, if they are training images: then the nearest
            other image is found.
        real
            Whether they are real images; then features of an ONNX file are cached.

        Raises
        ------
        ConfigError
            The images have another shape than the reference's, or are not more than `neighbours`.
        Diverged
            A pixel is NaN or infinite.
        PluginError
            The features raise an error, or return something else than finite numbers.
        """
        images = levels(images)
        check_shape(images, self.reference.images.shape[1:], "the reference")
        if len(images) <= self.neighbours:
            raise ConfigError(f"images: got {len(images)}; expected more than {self.neighbours}")
        announce("nearest images")
        training = self.reference.images if self.training is None else self.training
        distances = nearest_images(
            images[:NEAREST_SAMPLES], training, None if own is None else own[:NEAREST_SAMPLES]
        )[1]
        announce("features")
        values = self._of_real(images) if real else self._rows(images)
        return Evaluation(
            features=self.features.name,
            reference=self.reference.split,
            samples=len(images),
            reference_samples=len(self.reference.images),
            neighbours=self.neighbours,
            nearest=float(distances.mean()),
            **self._distances(values, announce),
            **self._classes(images, announce),
        )

    def _distances(self, values: Real, announce: Announce) -> dict[str, Any]:
        announce("Fréchet distance")
        distance = frechet_distance(moments(values), self._moments)
        announce("kernel distance")
        whole = kernel_distance(values, self._values)
        mean, deviation = self._over_subsets(values, whole)
        announce("precision and recall")
        found = balls(values, self._values, self.neighbours, self._radii)
        return {
            "frechet": distance,
            "kernel": mean,
            "kernel_deviation": deviation,
            "kernel_all": whole,
            **dataclasses.asdict(found),
        }

    def _over_subsets(self, values: Real, whole: float) -> tuple[float, float | None]:
        """Return mean and deviation of the kernel distance; `whole` and None without subsets."""
        if min(len(values), len(self._values)) < FEWEST:
            return whole, None
        subsets = subset_distances(values, self._values, seed=self.seed)
        return float(subsets.mean()), float(subsets.std())

    def _classes(self, images: Levels, announce: Announce) -> dict[str, Any]:
        if not isinstance(self.features, ClassFeatures):
            return {}
        announce("classes")
        probabilities, reference = self._probabilities(images), self._of_reference
        shares, expected = class_scores.histogram(probabilities), class_scores.histogram(reference)
        return {
            "score": class_scores.score(probabilities),
            "reference_score": class_scores.score(reference),
            "confidence": class_scores.confidence(probabilities),
            "histogram": tuple(shares.tolist()),
            "histogram_divergence": class_scores.divergence(shares, expected),
            "classes_seen": class_scores.seen(shares, expected),
        }

    @cached_property
    def _values(self) -> Real:
        return self._of_real(self.reference.images)

    def _of_real(self, images: Levels) -> Real:
        """Return the features of real images; those of an ONNX file are cached."""
        if isinstance(self.features, OnnxFeatures):
            return self.features.of_real(images)
        return self._rows(images)

    def _rows(self, images: Levels) -> Real:
        return checked_rows(self._named, self.features, images)

    def _probabilities(self, images: Levels) -> Real:
        if not isinstance(self.features, ClassFeatures):
            raise ConfigError(f"{self.features.name} have no classes; use classifier_of(...)")
        return checked_probabilities(self._named, self.features.probabilities, images)

    @property
    def _named(self) -> str:
        """The features in messages."""
        return f"features {self.features.name!r}"

    @cached_property
    def _moments(self) -> Moments:
        return moments(self._values)

    @cached_property
    def _radii(self) -> Real:
        return radii(self._values, self.neighbours)

    @cached_property
    def _of_reference(self) -> Real:
        """The class probabilities of the reference."""
        return self._probabilities(self.reference.images)


def evaluate(
    images: NDArray[Any],
    reference: Reference,
    features: Features,
    *,
    neighbours: int = NEIGHBOURS,
    seed: int = 0,
    announce: Announce = lambda _: None,
) -> Evaluation:
    """Return every metric of images against a reference; for many sets of images use `Evaluator`.

    Real test images give the baseline: the value of a perfect generator.

    Parameters
    ----------
    images
        `(n, H, W, C)` uint8, or real numbers in [-1, 1].
    reference
        Real images, from `choose`.
    features
        `classifier_of(data)`, `principal_components(images)`, `onnx_features(path)`, or your own.
    neighbours
        k of precision, recall, density and coverage.
    seed
        Seed of the kernel distance's subsets.
    announce
        Called with the name of the metric that is computed next.

    Raises
    ------
    ConfigError, Diverged, PluginError
        As raised by `Evaluator`.
    """
    return Evaluator(reference, features, neighbours, seed)(images, announce)
