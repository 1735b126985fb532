"""Backends whose maps of logits are wrong."""

from unittest.mock import patch

from gankit_numpy import discriminator_forward
from gankit_numpy import trainer as reference
from gankit_numpy.losses import image_logits
from gankit_numpy.networks import Inference

from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.patched import patched
from tests.wrong_backends.wrong_backend import caught_by

LOSS = "test_a_loss_is_over_all_logits_of_a_map"
REFERENCE = "test_maps_match_the_reference"


@caught_by("test_the_logit_of_an_image_is_the_mean_of_its_map")
class ReturnsTheFirstLogit(CorrectTrainer):
    """Returns the first logit of a map."""

    class face(Inference):  # noqa: N801 - it overrides an attribute.
        def __call__(self, inputs, labels=None):
            outputs = self._outputs(inputs, labels)
            return outputs.reshape(len(outputs), -1)[:, 0] if self.problem else outputs


@caught_by(LOSS, REFERENCE)
class AveragesMapsFirst(patched(reference, all_logits=image_logits)):
    """Takes the loss of each image's mean logit."""


def first_of(outputs, _count):
    return image_logits(outputs, 1)


@caught_by(REFERENCE)
class PenalisesTheFirstLogit(patched(discriminator_forward, image_logits=first_of)):
    """Takes the shared gradient penalty of the first logit of a map."""


@caught_by(REFERENCE)
class FollowsTheFirstLogit(patched(reference, image_logits=first_of)):
    """Gives followers the first logit of a map."""


@caught_by("test_a_block_with_maps_equals_its_updates")
class AveragesMapsInBlocks(CorrectTrainer):
    """Takes the loss of each image's mean logit in blocks alone."""

    def train_block(self, block):
        with patch.object(reference, "all_logits", image_logits):
            return super().train_block(block)
