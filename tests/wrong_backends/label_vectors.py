"""Backends whose labels that are vectors are wrong."""

from dataclasses import replace

import numpy as np
from gankit_numpy import trainer as reference
from gankit_numpy.forward import ForwardPass
from gankit_numpy.losses import term_value
from gankit_numpy.networks import Inference
from gankit_numpy.operations import sum_over

from gankit.contract import LabelFormat
from tests.wrong_backends.correct import ARRAYS, CorrectTrainer
from tests.wrong_backends.patched import patched
from tests.wrong_backends.wrong_backend import caught_by

FORMULAS = "test_terms_of_label_vectors_add_their_formulas"
REFERENCE = "test_label_vectors_match_the_reference"


@caught_by("test_refuses_invalid_label_vectors")
class AcceptsAnyVectors(patched(LabelFormat, check=lambda *_: None)):
    """Accepts label vectors of any shape."""

    class face(Inference):  # noqa: N801 - it overrides an attribute.
        def __call__(self, inputs, labels=None):
            columns = self.network._label_format.columns
            if columns:
                labels = np.resize(np.nan_to_num(np.zeros(1) if labels is None else labels),
                                   (len(inputs), columns))  # fmt: skip
            return super().__call__(inputs, labels)


def of_the_largest(self, table, count, original=ForwardPass._rows):
    if self.label_format.columns:
        largest = np.argmax(np.asarray(self.labels), axis=1)
        self.labels = np.eye(self.label_format.columns)[largest]
    return original(self, table, count)


@caught_by("test_a_projection_is_linear_in_the_label", REFERENCE)
class TakesTheLargestColumn(patched(ForwardPass, _rows=of_the_largest)):
    """Takes the row of the largest column, as if the label were a class."""


def normalised(self, table, count, original=ForwardPass._rows):
    if self.label_format.columns:
        self.labels = np.asarray(self.labels) / 2
    return original(self, table, count)


@caught_by("test_a_class_is_a_one_hot_vector", REFERENCE)
class HalvesLabels(patched(ForwardPass, _rows=normalised)):
    """Halves the labels in conditional layers."""


def summed(kind, outputs, target):
    made = term_value(kind, outputs, target)
    return made * target.shape[1] if kind == "binary-cross-entropy" else made


@caught_by(FORMULAS, REFERENCE)
class SumsOverTheAttributes(patched(reference, term_value=summed)):
    """Sums a binary cross-entropy over the columns, instead of their mean."""


def of_other_images(self, labels, count, dtype, original=LabelFormat.rows):
    return np.roll(original(self, labels, count, dtype), 1, axis=0)


@caught_by(FORMULAS, REFERENCE)
class ComparesWithTheLabelOfAnotherImage(patched(LabelFormat, rows=of_other_images)):
    """Compares each head with the label of the image before."""


def of_class_logits(kind, outputs, target):
    if kind != "l2":
        return term_value(kind, outputs, target)
    return sum_over((outputs - target) * (outputs - target), (0, 1)) * (1 / target.size**2)


@caught_by(FORMULAS)
class DividesTwice(patched(reference, term_value=of_class_logits)):
    """Divides the squares of an l2 term by the number of values twice."""


def of_halved_labels(path):
    """Read a generator that halves its labels."""
    run = ARRAYS.read(path)
    return lambda inputs: run({**inputs, "labels": inputs["labels"] / 2})


@caught_by(
    "test_an_export_takes_label_vectors",
    exports={"arrays": replace(ARRAYS, read=of_halved_labels)},
)
class ExportsHalvedLabels(CorrectTrainer):
    """Exports a generator that halves its labels."""


@caught_by("test_a_block_with_label_vectors_equals_its_updates")
class ForgetsLabelsInBlocks(CorrectTrainer):
    """Takes zeros for label vectors in blocks."""

    def place(self, images, labels):
        zeros = np.zeros_like(labels) if labels is not None and labels.ndim == 2 else labels
        super().place(images, zeros)
