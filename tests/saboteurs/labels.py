"""Saboteurs that get classes wrong."""

from unittest.mock import patch

import numpy as np
from gankit_numpy.networks import Inference, Sequential

from gankit.layers import uses_labels
from tests.saboteurs.honest import HonestTrainer
from tests.saboteurs.saboteur import caught_by


@caught_by("test_refuses_invalid_labels")
class TakesAnyLabels(HonestTrainer):
    """Makes do with whatever labels it gets."""

    class face(Inference):  # noqa: N801 - it overrides an attribute.
        def __call__(self, inputs, labels=None):
            tables = [w for name, w in self.network.values.items() if name.endswith("embedding")]
            if tables:
                given = np.asarray(0 if labels is None else labels).astype(np.int64)
                labels = np.resize(given % len(tables[0]), len(inputs))
            return super().__call__(inputs, labels)


@caught_by("test_labels_change_the_output", "test_fakes_have_the_labels_of_the_reals")
class ShowsOneClass(HonestTrainer):
    """Answers for the class of the first image throughout."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, labels=None):
            same = None if labels is None else np.full_like(labels, labels[0])
            return super().__call__(inputs, same)


@caught_by("test_unconditional_networks_ignore_labels")
class MindsLabels(HonestTrainer):
    """Answers a little otherwise when a plain network is given labels."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, labels=None):
            made = super().__call__(inputs, labels)
            plain = not uses_labels(self.network.spec)
            return made * made.dtype.type(1 - 1e-3) if plain and labels is not None else made


def shuffled(self, inputs, labels, *others, honest=Sequential.run):
    mixed = None if labels is None else np.roll(labels, 1)
    return honest(self, inputs, mixed, *others)


@caught_by("test_fakes_have_the_labels_of_the_reals", "test_all_features_match_the_reference")
class ShufflesTheFakesLabels(HonestTrainer):
    """Makes each fake for the class of another real image."""

    def update_discriminator(self, batch):
        with patch.object(self._g, "run", shuffled.__get__(self._g)):
            return super().update_discriminator(batch)


@caught_by("test_classify_returns_class_logits")
class NamesClassesBackwards(HonestTrainer):
    """Gives class logits in reverse."""

    class face(Inference):  # noqa: N801
        def classify(self, images):
            return super().classify(images)[:, ::-1]


@caught_by("test_classify_returns_class_logits")
class TakesTheLogitForAClass(HonestTrainer):
    """Gives the logit among the class logits."""

    class face(Inference):  # noqa: N801
        def classify(self, images):
            return self._outputs(images, None)


@caught_by("test_auxiliary_classifier_adds_its_loss")
class ClassifiesOneHalf(HonestTrainer):
    """Leaves the fakes' cross-entropy out of the discriminator's loss."""

    def _auxiliary(self, batch, *halves):
        return super()._auxiliary(batch, halves[-1])


@caught_by("test_auxiliary_classifier_adds_its_loss")
class ForgetsTheAuxiliaryWeight(HonestTrainer):
    """Counts the classifier's loss in full, whatever its weight."""

    def _auxiliary(self, batch, *halves):
        weight = self.problem.auxiliary
        return super()._auxiliary(batch, *halves) * (1 / weight) if weight else 0.0
