"""Backends whose heads, codes or terms are wrong."""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from gankit_numpy import trainer as reference
from gankit_numpy.losses import term_value
from gankit_numpy.networks import Inference
from gankit_numpy.operations import get_slice, mean, sum_over

from gankit.contract import LabelFormat
from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.patched import patched
from tests.wrong_backends.wrong_backend import caught_by

FORMULAS = "test_terms_add_their_formulas"
REFERENCE = "test_terms_match_the_reference"
COLUMNS = "test_an_update_returns_the_value_of_each_term"


@caught_by("test_a_head_has_its_columns")
class ReturnsTheFirstHead(CorrectTrainer):
    """Returns the columns of the first head for each head."""

    class face(Inference):  # noqa: N801 - it overrides an attribute.
        def classify(self, images, _head="class"):
            return self._outputs(images, None)[:, 1:4]


class Changed(CorrectTrainer):
    """The reference on a problem whose terms are changed."""

    def changed(self, term):
        raise NotImplementedError

    @contextmanager
    def changing(self):
        kept = self._problem
        self._problem = replace(kept, terms=tuple(map(self.changed, kept.terms)))
        try:
            yield
        finally:
            self._problem = kept

    def update_discriminator(self, batch):
        with self.changing():
            return super().update_discriminator(batch)

    def update_generator(self, batch):
        with self.changing():
            return super().update_generator(batch)


@caught_by(FORMULAS, REFERENCE)
class ForgetsTheWeights(Changed):
    """Adds each term with the weight 1."""

    def changed(self, term):
        return replace(term, weight=1.0)


@caught_by(FORMULAS, REFERENCE)
class AddsTermsToTheGeneratorAlone(Changed):
    """Adds no term of generated images to the discriminator's loss."""

    def changed(self, term):
        return replace(term, sides=("generator",)) if "generator" in term.sides else term


@caught_by(FORMULAS, REFERENCE)
class ReadsTheFirstColumns(CorrectTrainer):
    """Takes the first columns of the noise for the codes."""

    def _terms(self, side, batch, *rest):
        return super()._terms(side, replace(batch, noise=batch.noise[:, ::-1]), *rest)


def without_variance(kind, outputs, target):
    if kind != "gaussian":
        return term_value(kind, outputs, target)
    differences = target - get_slice(outputs, (slice(None), slice(target.shape[1])))
    constants = np.log(2 * np.pi) * target.shape[1] * 0.5
    return mean(sum_over(differences * differences * 0.5, (1,))) + constants


@caught_by(FORMULAS, REFERENCE)
class AssumesAVarianceOfOne(patched(reference, term_value=without_variance)):
    """Takes a variance of 1 in a gaussian term."""


def summed(kind, outputs, target):
    made = term_value(kind, outputs, target)
    return made * target.shape[1] if kind == "l2" else made


@caught_by(FORMULAS, REFERENCE)
class SumsSquares(patched(reference, term_value=summed)):
    """Sums the squares of an l2 term over the columns, instead of their mean."""


def largest(kind, outputs, target):
    made = term_value(kind, outputs, target)
    return made * target.shape[1] if kind == "l1" else made


@caught_by(FORMULAS, REFERENCE)
class SumsDistances(patched(reference, term_value=largest)):
    """Sums the distances of an l1 term over the columns, instead of their mean."""


def detached(kind, outputs, target):
    from gankit_numpy.tape import constant

    made = term_value(kind, outputs, target)
    return constant(made.value) if kind == "cross-entropy" else made


@caught_by(REFERENCE)
class PassesNoGradient(patched(reference, term_value=detached)):
    """Adds cross-entropies to the losses, but not to the gradients."""


def over_all_images(kind, outputs, target):
    made = term_value(kind, outputs, target)
    return made * target.sum() / len(target) if kind == "cross-entropy" else made


UNLABELLED = ("test_images_without_a_label_are_left_out", "test_few_labels_match_the_reference")


@caught_by(*UNLABELLED)
class CountsImagesWithoutALabel(patched(reference, term_value=over_all_images)):
    """Divides the sum of cross-entropies by the number of all images."""


def of_the_last_class(self, labels, count, dtype, original=LabelFormat.rows):
    return original(self, np.asarray(labels) % self.classes, count, dtype)


@caught_by(*UNLABELLED)
class TakesTheLastClass(patched(LabelFormat, rows=of_the_last_class)):
    """Takes -1 for the last class."""


@caught_by(
    "test_a_block_with_terms_equals_its_updates",
    "test_a_block_with_feature_matching_equals_its_updates",
    "test_a_block_with_views_equals_its_updates",
)
class ForgetsTermsInBlocks(CorrectTrainer):
    """Leaves the terms out of blocks."""

    def train_block(self, block):
        kept, self._problem = self._problem, replace(self._problem, terms=())
        try:
            return super().train_block(block)
        finally:
            self._problem = kept


class ChangesColumns(CorrectTrainer):
    """The reference with other values of its terms."""

    def values(self, side, values):
        raise NotImplementedError

    def update_discriminator(self, batch):
        return self._changed("discriminator", super().update_discriminator(batch))

    def update_generator(self, batch):
        return self._changed("generator", super().update_generator(batch))

    def _changed(self, side, losses):
        if not np.ndim(losses):
            return losses
        return np.array([losses[0], *self.values(side, losses[1:])])


@caught_by(COLUMNS, REFERENCE)
class SwapsTheValues(ChangesColumns):
    """Returns the values of the terms in another order."""

    def values(self, _side, values):
        return values[::-1]


@caught_by(COLUMNS, REFERENCE)
class ForgetsAValue(ChangesColumns):
    """Leaves out the value of the last term."""

    def values(self, _side, values):
        return values[:-1]


@caught_by(COLUMNS, REFERENCE)
class ReturnsWeightedValues(ChangesColumns):
    """Returns the values of the terms times their weights."""

    def values(self, side, values):
        return values * [term.weight for term in self.problem.terms_of(side)]


@caught_by("test_a_block_returns_the_values_of_terms")
class SwapsTheNetworksInBlocks(CorrectTrainer):
    """Puts the generator's terms before the discriminator's in blocks."""

    def train_block(self, block):
        losses = super().train_block(block)
        count = len(self.problem.terms_of("discriminator"))
        return np.concatenate([losses[:, :2], losses[:, 2 + count :], losses[:, 2 : 2 + count]], 1)
