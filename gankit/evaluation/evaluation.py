"""Every figure of a set of images, against a reference, with what it was measured by."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit.errors import ConfigError
from gankit.evaluation import classes, kernel, neighbours
from gankit.evaluation.features import ClassFeatures, Features
from gankit.evaluation.frechet import Moments, frechet_distance, moments
from gankit.evaluation.nearest import nearest_images
from gankit.evaluation.pixels import Levels, Real, check_shape, levels
from gankit.evaluation.reference import Reference

NEAREST = 1000
"""Images, the first ones, of which the nearest reference image is looked for."""

Tell: TypeAlias = Callable[[str], None]
"""Takes the name of what is computed next."""


@dataclass(frozen=True)
class Evaluation:
    """What was measured; a figure compares only with one of the same features and counts.

    Attributes
    ----------
    features, reference
        The names of the features and of the reference's split.
    samples, reference_samples, neighbours
        How many images there were on each side, and the k of the balls.
    frechet
        Fréchet distance of these features: never the FID, whose features are Inception's.
    kernel, kernel_deviation, kernel_whole
        Kernel distance: mean and standard deviation over subsets, and of all images at once. Below
        4 images there are no subsets: the first is then the last, and the deviation is None.
    precision, recall, density, coverage
        As `Balls` has them.
    nearest
        Mean distance of the first 1,000 images to the nearest training image, 0 to 2; to the
        nearest one of the reference where the training images were not given.
    score, reference_score, confidence
        Classifier score of the images and of the reference, and how sure the classifier is; None
        where the features tell no classes apart, as are the three below.
    histogram, histogram_divergence
        Share of each predicted class, and its KL divergence from the reference's, in nats.
    classes_seen
        How many classes have at least a fifth of the share that they have in the reference.
    class_names
        Of the classes of `histogram`, where the run has names; not a figure.
    """

    features: str
    reference: str
    samples: int
    reference_samples: int
    neighbours: int
    frechet: float
    kernel: float
    kernel_deviation: float | None
    kernel_whole: float
    precision: float
    recall: float
    density: float
    coverage: float
    nearest: float
    score: float | None = None
    reference_score: float | None = None
    confidence: float | None = None
    histogram: tuple[float, ...] | None = None
    histogram_divergence: float | None = None
    classes_seen: int | None = None
    class_names: tuple[str, ...] = field(default=(), repr=False, compare=False)

    def as_json(self) -> dict[str, Any]:
        """Return every figure by name; None stands for infinity, which JSON does not have."""
        table = dataclasses.asdict(self)
        del table["class_names"]
        if self.histogram is not None:
            table["histogram"] = list(self.histogram)
        return {name: None if value == math.inf else value for name, value in table.items()}

    def _repr_html_(self) -> str:
        from gankit.evaluation.evaluation_html import evaluation_html

        return evaluation_html(self)


@dataclass(frozen=True, eq=False)
class Judge:
    """A reference, seen through features: what is computed of it is computed once.

    Attributes
    ----------
    reference
        Real images.
    features
        What to look at; with `probabilities`, classes are looked at too.
    neighbours
        The k of precision, recall, density and coverage.
    seed
        Of the kernel distance's subsets.
    training
        `(N, H, W, C)` all training images, in which the nearest image is searched; None for the
        reference.
    """

    reference: Reference
    features: Features
    neighbours: int = neighbours.NEIGHBOURS
    seed: int = 0
    training: NDArray[Any] | None = field(default=None, repr=False)

    def __call__(
        self,
        images: NDArray[Any],
        tell: Tell = lambda _: None,
        own: NDArray[np.int64] | None = None,
    ) -> Evaluation:
        """Return every figure of `(n, H, W, C)` images, uint8 or real numbers in [-1, 1].

        Parameters
        ----------
        images
            More of them than `neighbours`.
        tell
            Called with the name of what is computed next.
        own
            `(n,)` their positions in `training`, if they are training images: the nearest image is
            then another one.

        Raises
        ------
        ConfigError
            The images have another shape than the reference's, or are not more than `neighbours`.
        Diverged
            A pixel is no number.
        """
        images = levels(images)
        check_shape(images, self.reference.images.shape[1:], "the reference")
        if len(images) <= self.neighbours:
            raise ConfigError(
                f"{len(images)} images are too few to judge; give more than {self.neighbours}"
            )
        tell("nearest images")
        training = self.reference.images if self.training is None else self.training
        distances = nearest_images(
            images[:NEAREST], training, None if own is None else own[:NEAREST]
        )[1]
        tell("features")
        values = self.features(images)
        return Evaluation(
            features=self.features.name,
            reference=self.reference.split,
            samples=len(images),
            reference_samples=len(self.reference.images),
            neighbours=self.neighbours,
            nearest=float(distances.mean()),
            **self._distances(values, tell),
            **self._classes(images, tell),
        )

    def _distances(self, values: Real, tell: Tell) -> dict[str, Any]:
        tell("Fréchet distance")
        apart = frechet_distance(moments(values), self._moments)
        tell("kernel distance")
        whole = kernel.kernel_distance(values, self._values)
        mean, deviation = self._over_subsets(values, whole)
        tell("precision and recall")
        found = neighbours.balls(values, self._values, self.neighbours, self._radii)
        return {
            "frechet": apart,
            "kernel": mean,
            "kernel_deviation": deviation,
            "kernel_whole": whole,
            **dataclasses.asdict(found),
        }

    def _over_subsets(self, values: Real, whole: float) -> tuple[float, float | None]:
        """Return the mean and the deviation of the kernel distance; `whole` without subsets."""
        if min(len(values), len(self._values)) < kernel.FEWEST:
            return whole, None
        subsets = kernel.subset_distances(values, self._values, seed=self.seed)
        return float(subsets.mean()), float(subsets.std())

    def _classes(self, images: Levels, tell: Tell) -> dict[str, Any]:
        if not isinstance(self.features, ClassFeatures):
            return {}
        tell("classes")
        chances, known = self.features.probabilities(images), self._probabilities
        shares, expected = classes.histogram(chances), classes.histogram(known)
        return {
            "score": classes.score(chances),
            "reference_score": classes.score(known),
            "confidence": classes.confidence(chances),
            "histogram": tuple(shares.tolist()),
            "histogram_divergence": classes.divergence(shares, expected),
            "classes_seen": classes.seen(shares, expected),
        }

    @cached_property
    def _values(self) -> Real:
        return self.features(self.reference.images)

    @cached_property
    def _moments(self) -> Moments:
        return moments(self._values)

    @cached_property
    def _radii(self) -> Real:
        return neighbours.radii(self._values, self.neighbours)

    @cached_property
    def _probabilities(self) -> Real:
        if not isinstance(self.features, ClassFeatures):
            raise ConfigError(f"{self.features.name} tell no classes apart; use classifier_of(...)")
        return self.features.probabilities(self.reference.images)


def evaluate(
    images: NDArray[Any],
    reference: Reference,
    features: Features,
    *,
    neighbours: int = neighbours.NEIGHBOURS,
    seed: int = 0,
    tell: Tell = lambda _: None,
) -> Evaluation:
    """Return every figure of images against a reference; `Judge` does it for many sets of them.

    Real test images give the floor: what no generator can be expected to fall below.

    Parameters
    ----------
    images
        `(n, H, W, C)` uint8, or real numbers in [-1, 1].
    reference
        Real images, as `choose` makes them.
    features
        `classifier_of(data)`, `principal_components(images)`, or one's own.
    neighbours
        The k of precision, recall, density and coverage.
    seed
        Of the kernel distance's subsets.
    tell
        Called with the name of what is computed next.

    Raises
    ------
    ConfigError, Diverged
        As `Judge` raises them.
    """
    return Judge(reference, features, neighbours, seed)(images, tell)
