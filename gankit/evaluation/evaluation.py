"""The metrics of a set of images, with the features and the reference they depend on."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Evaluation:
    """The metrics of a set of images; compare only those with equal features and counts.

    Attributes
    ----------
    features, reference
        Names of the features and of the reference's split.
    samples, reference_samples, neighbours
        Number of images on each side, and k, the number of neighbours.
    frechet
        Fréchet distance of these features. It is not the FID, which needs Inception's features.
    kernel, kernel_deviation, kernel_all
        Kernel distance: mean and standard deviation over subsets, and of all images at once. Below
        4 images there are no subsets: the first equals the last, and the deviation is None.
    precision, recall, density, coverage
        As in `Balls`.
    nearest
        Mean distance of the first 1,000 images to the nearest training image, 0 to 2; to the
        nearest reference image if training images were not given.
    score, reference_score, confidence
        Classifier score of the images and of the reference, and the classifier's mean confidence;
        None if the features have no classes, as are the three below.
    histogram, histogram_divergence
        Share of each predicted class, and its KL divergence from the reference's, in nats.
    classes_seen
        Number of classes with at least a fifth of their share in the reference.
    accuracy
        Share of the test images whose class the run's discriminator finds, by its head "class";
        None without such a head, or without test images that have labels.
    psnr, ssim
        How alike the images are to the true ones, for a run that translates sources: the peak
        signal-to-noise ratio in decibels, and the structural similarity, at most 1. None without
        true images; the similarity also below 11 pixels a side.
    class_names
        Names of the classes of `histogram`, if the run has them; not a metric.
    """

    features: str
    reference: str
    samples: int
    reference_samples: int
    neighbours: int
    frechet: float
    kernel: float
    kernel_deviation: float | None
    kernel_all: float
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
    accuracy: float | None = None
    psnr: float | None = None
    ssim: float | None = None
    class_names: tuple[str, ...] = field(default=(), repr=False, compare=False)

    def as_json(self) -> dict[str, object]:
        """Return every metric by name; infinity becomes None, since JSON has no infinity."""
        table = dataclasses.asdict(self)
        del table["class_names"]
        if self.histogram is not None:
            table["histogram"] = list(self.histogram)
        return {name: None if value == math.inf else value for name, value in table.items()}

    def _repr_html_(self) -> str:
        from gankit.evaluation.evaluation_html import evaluation_html

        return evaluation_html(self.as_json(), self.class_names)
