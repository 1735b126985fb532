"""Saboteurs that answer wrongly when they are called."""

import numpy as np
from gankit_numpy.networks import Inference, copy_into

from gankit.contract.random_streams import Role, StepKey, dropout_mask
from tests.saboteurs.honest import HonestTrainer
from tests.saboteurs.saboteur import caught_by


@caught_by("test_starts_with_the_problems_weights")
class BeginsElsewhere(HonestTrainer):
    """Begins with weights of its own."""

    def __init__(self, problem):
        super().__init__(problem)
        self._g.values["0.kernel"] *= 1.5


@caught_by(
    "test_generates_images", "test_returns_logits", "test_accepts_inputs_of_either_precision"
)
class AnswersInFloat16(HonestTrainer):
    """Answers in a precision of its own."""

    class face(Inference):  # noqa: N801 - it overrides an attribute.
        def __call__(self, inputs, labels=None):
            return super().__call__(inputs, labels).astype(np.float16)


@caught_by("test_generates_images")
class MakesFlatImages(HonestTrainer):
    """Makes images without channels."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, labels=None):
            outputs = super().__call__(inputs, labels)
            return outputs[..., 0] if outputs.ndim > 1 else outputs


@caught_by("test_generates_images")
class MakesBrightImages(HonestTrainer):
    """Makes images in [0, 255]."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, labels=None):
            return 127.5 * (super().__call__(inputs, labels) + 1)


@caught_by("test_returns_logits")
class JudgesInColumns(HonestTrainer):
    """Gives logits `(n, 1)`."""

    def __init__(self, problem):
        super().__init__(problem)
        self.discriminator = Inference(self._d)


@caught_by("test_accepts_inputs_of_either_precision")
class AnswersAsAsked(HonestTrainer):
    """Answers in the precision of its inputs."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, labels=None):
            return super().__call__(inputs, labels).astype(inputs.dtype)


@caught_by("test_calls_use_inference_mode")
class DropsWhenCalled(HonestTrainer):
    """Leaves dropout on when it is called, by numbers that go on."""

    class face(Inference):  # noqa: N801
        calls = 0

        def __call__(self, inputs, _labels=None):
            type(self).calls += 1
            outputs = self.network.forward(inputs, masks=masks(self.calls))
            return outputs[:, 0] if self.squeeze else outputs


@caught_by("test_moved_weights_give_the_same_outputs", "test_starts_with_the_problems_weights")
class TellsOtherWeights(HonestTrainer):
    """Tells its weights with the sign turned."""

    class face(Inference):  # noqa: N801
        def weights(self):
            return {name: -value for name, value in self.network.values.items()}


@caught_by("test_rows_are_independent", "test_calls_match_the_reference")
class DropsTheSameWhenCalled(HonestTrainer):
    """Leaves dropout on when it is called, by the same numbers each time."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, _labels=None):
            outputs = self.network.forward(inputs, masks=masks(0))
            return outputs[:, 0] if self.squeeze else outputs


@caught_by("test_rows_are_independent", "test_calls_match_the_reference")
class CentresItsAnswers(HonestTrainer):
    """Takes the batch's mean off its answers, as a normalisation left in training mode does."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, labels=None):
            outputs = super().__call__(inputs, labels)
            return outputs - outputs.mean(axis=0)


@caught_by("test_calls_change_nothing")
class LearnsFromCalls(HonestTrainer):
    """Moves its weights when it is called."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, labels=None):
            self.network.values["1.kernel" if self.squeeze else "0.kernel"] *= 0.99
            return super().__call__(inputs, labels)


@caught_by("test_calls_use_the_current_weights")
class RemembersAnswers(HonestTrainer):
    """Keeps the weights that it was first called with, for calls."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, labels=None):
            network, now = self.network, self.weights()
            first = vars(self).setdefault("first", now)
            copy_into(network.values, first)
            outputs = super().__call__(inputs, labels)
            copy_into(network.values, now)
            return outputs


@caught_by("test_returns_copies_of_its_weights")
class LendsItsWeights(HonestTrainer):
    """Gives its weights away, not copies."""

    class face(Inference):  # noqa: N801
        def weights(self):
            return dict(self.network.values)


@caught_by("test_loads_weights")
class ForgetsToLoad(HonestTrainer):
    """Checks the weights that it is given and loads none."""

    class face(Inference):  # noqa: N801
        def load_weights(self, weights):
            values = self.weights()
            super().load_weights(weights)
            copy_into(self.network.values, values)


@caught_by("test_loads_weights")
class BorrowsWeights(HonestTrainer):
    """Keeps the arrays that it is given, not copies."""

    class face(Inference):  # noqa: N801
        def load_weights(self, weights):
            super().load_weights(weights)
            self.network.values.update(weights)


@caught_by("test_refuses_invalid_weights")
class LoadsWhatFits(HonestTrainer):
    """Loads the weights that fit and is silent about the others."""

    class face(Inference):  # noqa: N801
        def load_weights(self, weights):
            for name, value in self.network.values.items():
                if name in weights and weights[name].shape == value.shape:
                    value[...] = weights[name]


@caught_by("test_refuses_invalid_weights")
class LoadsBeforeItLooks(HonestTrainer):
    """Refuses wrong weights when it has loaded a part of them."""

    class face(Inference):  # noqa: N801
        def load_weights(self, weights):
            self.network.values["1.kernel" if self.squeeze else "0.kernel"][...] = 0
            super().load_weights(weights)


def masks(update):
    """Return dropout's masks of one update."""
    key = StepKey(0, 0, update)
    return lambda layer, shape, rate: dropout_mask(key, Role.GENERATOR, layer, shape, rate)
