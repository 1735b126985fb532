"""How good generated images are: distances, neighbours and classes, in NumPy for every backend."""

from gankit.metrics.classes import confidence, divergence, histogram, score, seen
from gankit.metrics.classifier import Classifier, classifier_of
from gankit.metrics.evaluation import Evaluation, Judge, evaluate
from gankit.metrics.features import ClassFeatures, Features
from gankit.metrics.frechet import Moments, frechet_distance, moments
from gankit.metrics.kernel import kernel_distance, subset_distances
from gankit.metrics.nearest import nearest_images
from gankit.metrics.neighbours import Balls, balls, radii
from gankit.metrics.principal import Principal, principal_components
from gankit.metrics.reference import Reference, apart, choose

__all__ = [
    "Balls",
    "ClassFeatures",
    "Classifier",
    "Evaluation",
    "Features",
    "Judge",
    "Moments",
    "Principal",
    "Reference",
    "apart",
    "balls",
    "choose",
    "classifier_of",
    "confidence",
    "divergence",
    "evaluate",
    "frechet_distance",
    "histogram",
    "kernel_distance",
    "moments",
    "nearest_images",
    "principal_components",
    "radii",
    "score",
    "seen",
    "subset_distances",
]
