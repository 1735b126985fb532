"""Metrics of generated images: distances, neighbours and classes, in NumPy for every backend."""

from gankit.evaluation.evaluation import Evaluation
from gankit.evaluation.evaluator import Evaluator, evaluate
from gankit.evaluation.features.classifier import Classifier, classifier_of
from gankit.evaluation.features.onnx_features import OnnxFeatures, onnx_features
from gankit.evaluation.features.pca import PrincipalComponents, principal_components
from gankit.evaluation.features.protocols import ClassFeatures, Features
from gankit.evaluation.metrics.class_scores import confidence, divergence, histogram, score, seen
from gankit.evaluation.metrics.frechet_distance import Moments, frechet_distance, moments
from gankit.evaluation.metrics.kernel_distance import kernel_distance, subset_distances
from gankit.evaluation.metrics.nearest_images import nearest_images
from gankit.evaluation.metrics.precision_recall import Balls, balls, radii
from gankit.evaluation.reference import Reference, choose, split_reference

__all__ = [
    "Balls",
    "ClassFeatures",
    "Classifier",
    "Evaluation",
    "Evaluator",
    "Features",
    "Moments",
    "OnnxFeatures",
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
    "onnx_features",
    "principal_components",
    "radii",
    "score",
    "seen",
    "split_reference",
    "subset_distances",
]
