"""Backends whose networks are wrong when they are called."""

import numpy as np
from gankit_numpy.networks import Inference, copy_into

from gankit.contract.random_streams import Role, StepKey, dropout_mask
from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.wrong_backend import caught_by


@caught_by("test_starts_with_the_problems_weights")
class StartsWithOtherWeights(CorrectTrainer):
    """Starts with other weights."""

    def __init__(self, problem):
        super().__init__(problem)
        self._g.values["0.kernel"] *= 1.5


@caught_by(
    "test_generates_images", "test_returns_logits", "test_accepts_inputs_of_either_precision"
)
class ReturnsFloat16(CorrectTrainer):
    """Returns float16."""

    class face(Inference):  # noqa: N801 - it overrides an attribute.
        def __call__(self, inputs, labels=None):
            return super().__call__(inputs, labels).astype(np.float16)


@caught_by("test_generates_images")
class MakesFlatImages(CorrectTrainer):
    """Makes images without channels."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, labels=None):
            outputs = super().__call__(inputs, labels)
            return outputs[..., 0] if outputs.ndim > 1 else outputs


@caught_by("test_generates_images")
class MakesBrightImages(CorrectTrainer):
    """Makes images in [0, 255]."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, labels=None):
            return 127.5 * (super().__call__(inputs, labels) + 1)


@caught_by("test_returns_logits")
class ReturnsLogitsInColumns(CorrectTrainer):
    """Returns logits of shape `(n, 1)`."""

    def __init__(self, problem):
        super().__init__(problem)
        self.discriminator = Inference(self._d)


@caught_by("test_accepts_inputs_of_either_precision")
class ReturnsThePrecisionOfItsInputs(CorrectTrainer):
    """Returns the precision of its inputs."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, labels=None):
            return super().__call__(inputs, labels).astype(inputs.dtype)


@caught_by("test_calls_use_inference_mode")
class DropsWhenCalled(CorrectTrainer):
    """Drops values when it is called, others at each call."""

    class face(Inference):  # noqa: N801
        calls = 0

        def __call__(self, inputs, _labels=None):
            type(self).calls += 1
            outputs = self.network.forward(inputs, masks=masks(self.calls))
            return outputs[:, 0] if self.problem else outputs


@caught_by("test_moved_weights_give_the_same_outputs", "test_starts_with_the_problems_weights")
class ReturnsNegatedWeights(CorrectTrainer):
    """Returns its weights with the opposite sign."""

    class face(Inference):  # noqa: N801
        def weights(self):
            return {name: -value for name, value in self.network.values.items()}


@caught_by("test_rows_are_independent", "test_calls_match_the_reference")
class DropsTheSameWhenCalled(CorrectTrainer):
    """Drops values when it is called, the same at each call."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, _labels=None):
            outputs = self.network.forward(inputs, masks=masks(0))
            return outputs[:, 0] if self.problem else outputs


@caught_by("test_rows_are_independent", "test_calls_match_the_reference")
class CentresItsOutputs(CorrectTrainer):
    """Subtracts the batch's mean from its outputs, as a normalisation in training mode does."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, labels=None):
            outputs = super().__call__(inputs, labels)
            return outputs - outputs.mean(axis=0)


@caught_by("test_calls_change_nothing")
class LearnsFromCalls(CorrectTrainer):
    """Changes its weights when it is called."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, labels=None):
            self.network.values["1.kernel" if self.problem else "0.kernel"] *= 0.99
            return super().__call__(inputs, labels)


@caught_by("test_calls_use_the_current_weights")
class UsesTheWeightsOfTheFirstCall(CorrectTrainer):
    """Uses the weights of the first call in every call."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, labels=None):
            network, now = self.network, self.weights()
            first = vars(self).setdefault("first", now)
            copy_into(network.values, first)
            outputs = super().__call__(inputs, labels)
            copy_into(network.values, now)
            return outputs


@caught_by("test_returns_copies_of_its_weights")
class ReturnsItsWeightsNotCopies(CorrectTrainer):
    """Returns its weights, not copies."""

    class face(Inference):  # noqa: N801
        def weights(self):
            return dict(self.network.values)


@caught_by("test_loads_weights")
class ForgetsToLoad(CorrectTrainer):
    """Validates weights and does not load them."""

    class face(Inference):  # noqa: N801
        def load_weights(self, weights):
            values = self.weights()
            super().load_weights(weights)
            copy_into(self.network.values, values)


@caught_by("test_loads_weights")
class KeepsTheLoadedWeights(CorrectTrainer):
    """Keeps the loaded arrays, not copies."""

    class face(Inference):  # noqa: N801
        def load_weights(self, weights):
            super().load_weights(weights)
            self.network.values.update(weights)


@caught_by("test_refuses_invalid_weights")
class LoadsWhatFits(CorrectTrainer):
    """Loads the weights that fit and ignores the others."""

    class face(Inference):  # noqa: N801
        def load_weights(self, weights):
            for name, value in self.network.values.items():
                if name in weights and weights[name].shape == value.shape:
                    value[...] = weights[name]


@caught_by("test_refuses_invalid_weights")
class LoadsWeightsBeforeItValidates(CorrectTrainer):
    """Refuses invalid weights after it has loaded some of them."""

    class face(Inference):  # noqa: N801
        def load_weights(self, weights):
            self.network.values["1.kernel" if self.problem else "0.kernel"][...] = 0
            super().load_weights(weights)


def masks(update):
    """Return dropout's masks of one update."""
    key = StepKey(0, 0, update)
    return lambda layer, shape, rate: dropout_mask(key, Role.GENERATOR, layer, shape, rate)
