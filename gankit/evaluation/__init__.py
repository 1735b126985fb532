"""Metrics of generated images: distances, neighbours and classes, in NumPy for every backend."""

from gankit.evaluation.classes import confidence, divergence, histogram, score, seen
from gankit.evaluation.classifier import Classifier, classifier_of
from gankit.evaluation.evaluation import Evaluation, Evaluator, evaluate
from gankit.evaluation.features import ClassFeatures, Features
from gankit.evaluation.frechet import Moments, frechet_distance, moments
from gankit.evaluation.kernel import kernel_distance, subset_distances
from gankit.evaluation.nearest import nearest_images
from gankit.evaluation.neighbours import Balls, balls, radii
from gankit.evaluation.pca import PrincipalComponents, principal_components
from gankit.evaluation.reference import Reference, choose, split_reference

__all__ = [
    "Balls",
    "ClassFeatures",
    "Classifier",
    "Evaluation",
    "Evaluator",
    "Features",
    "Moments",
    "PrincipalComponents",
    "Reference",
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
    "split_reference",
    "subset_distances",
]
