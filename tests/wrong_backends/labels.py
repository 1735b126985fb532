"""Backends whose class labels are wrong."""

from unittest.mock import patch

import numpy as np
from gankit_numpy.networks import Inference, Sequential

from gankit.layers import uses_labels
from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.wrong_backend import caught_by


@caught_by("test_refuses_invalid_labels")
class AcceptsAnyLabels(CorrectTrainer):
    """Accepts any labels."""

    class face(Inference):  # noqa: N801 - it overrides an attribute.
        def __call__(self, inputs, labels=None):
            tables = [w for name, w in self.network.values.items() if name.endswith("embedding")]
            if tables:
                given = np.asarray(0 if labels is None else labels).astype(np.int64)
                labels = np.resize(given % len(tables[0]), len(inputs))
            return super().__call__(inputs, labels)


@caught_by("test_labels_change_the_output", "test_fakes_have_the_labels_of_the_reals")
class UsesOneLabel(CorrectTrainer):
    """Uses the label of the first image for all images."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, labels=None):
            same = None if labels is None else np.full_like(labels, labels[0])
            return super().__call__(inputs, same)


@caught_by("test_unconditional_networks_ignore_labels")
class UsesLabelsWithoutClasses(CorrectTrainer):
    """Changes the output of an unconditional network that is given labels."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, labels=None):
            made = super().__call__(inputs, labels)
            plain = not uses_labels(self.network.spec)
            return made * made.dtype.type(1 - 1e-3) if plain and labels is not None else made


def shuffled(self, inputs, labels, *others, original=Sequential.run, **more):
    mixed = None if labels is None else np.roll(labels, 1)
    return original(self, inputs, mixed, *others, **more)


@caught_by("test_fakes_have_the_labels_of_the_reals", "test_all_features_match_the_reference")
class ShufflesTheFakesLabels(CorrectTrainer):
    """Makes each fake with the label of another real image."""

    def update_discriminator(self, batch):
        with patch.object(self._g, "run", shuffled.__get__(self._g)):
            return super().update_discriminator(batch)


@caught_by("test_classify_returns_class_logits")
class ReversesClasses(CorrectTrainer):
    """Returns class logits in reverse order."""

    class face(Inference):  # noqa: N801
        def classify(self, images, head="class"):
            return super().classify(images, head)[:, ::-1]


@caught_by("test_classify_returns_class_logits")
class TakesTheLogitForAClass(CorrectTrainer):
    """Returns the real-or-fake logit among the class logits."""

    class face(Inference):  # noqa: N801
        def classify(self, images, _head="class"):
            return self._outputs(images, None)


@caught_by("test_auxiliary_classifier_adds_its_loss")
class ClassifiesOneHalf(CorrectTrainer):
    """Takes the reals' cross-entropy twice, and not that of the fakes."""

    def _terms(self, side, batch, outputs, *rest):
        same = outputs | {"fake": outputs["real"]} if side == "discriminator" else outputs
        return super()._terms(side, batch, same, *rest)


@caught_by("test_auxiliary_classifier_adds_its_loss")
class ForgetsTheAuxiliaryWeight(CorrectTrainer):
    """Ignores the weight of the auxiliary loss."""

    def _weighted(self, side, values):
        weight = self.problem.auxiliary
        return super()._weighted(side, values) * (1 / weight) if weight else 0.0
