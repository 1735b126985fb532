"""Backends whose gradient at the noise is wrong."""

import numpy as np
from gankit_numpy.networks import Inference
from gankit_numpy.operations import total
from gankit_numpy.tape import gradients, variable

from gankit.contract.random_streams import Role, StepKey, dropout_mask
from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.wrong_backend import caught_by


@caught_by("test_noise_gradient_returns_images_and_a_gradient")
class HasNoNoiseGradient(CorrectTrainer):
    """Claims noise gradients, and has none."""

    def __init__(self, problem):
        super().__init__(problem)
        self.generator = Plain(self.generator)


class Plain:
    """A generator that can only be called, and its weights."""

    def __init__(self, original):
        self.original = original
        self.weights, self.load_weights = original.weights, original.load_weights

    def __call__(self, inputs, labels=None):
        return self.original(inputs, labels)


@caught_by("test_noise_gradient_returns_images_and_a_gradient")
class ReturnsThePrecisionOfTheNoise(CorrectTrainer):
    """Returns the gradient in the precision of the noise."""

    class face(Inference):  # noqa: N801 - it overrides an attribute.
        def noise_gradient(self, inputs, targets, labels=None):
            images, gradient = super().noise_gradient(inputs, targets, labels)
            return images, gradient.astype(inputs.dtype)


@caught_by("test_noise_gradient_returns_images_and_a_gradient")
class LearnsFromTheNoiseGradient(CorrectTrainer):
    """Changes its weights when it is differentiated by its noise."""

    class face(Inference):  # noqa: N801
        def noise_gradient(self, inputs, targets, labels=None):
            found = super().noise_gradient(inputs, targets, labels)
            self.network.values["0.kernel"] *= 0.99
            return found


@caught_by(
    "test_noise_gradient_matches_finite_differences",
    "test_noise_gradient_matches_the_reference",
    "test_native_noise_gradient_matches_finite_differences",
)
class DifferentiatesTheMean(CorrectTrainer):
    """Differentiates the mean of the rows' errors, not their sum."""

    class face(Inference):  # noqa: N801
        def noise_gradient(self, inputs, targets, labels=None):
            images, gradient = super().noise_gradient(inputs, targets, labels)
            return images, gradient / len(inputs)

    def __init__(self, problem):
        super().__init__(problem)
        if "generator" in self.natives:
            self.generator = Halved(self.generator)


class Halved:
    """A native generator with half the gradient."""

    def __init__(self, original):
        self.original = original
        self.weights, self.load_weights = original.weights, original.load_weights

    def __call__(self, inputs, labels=None):
        return self.original(inputs, labels)

    def noise_gradient(self, inputs, targets, labels=None):
        images, gradient = self.original.noise_gradient(inputs, targets, labels)
        return images, gradient / 2


@caught_by("test_noise_gradient_matches_finite_differences")
class DifferentiatesWithDropout(CorrectTrainer):
    """Differentiates a pass in training mode, with dropout."""

    class face(Inference):  # noqa: N801
        def noise_gradient(self, inputs, targets, labels=None):
            images, gradient = super().noise_gradient(inputs, targets, labels)
            at = variable(inputs.astype(images.dtype))
            made, _ = self.network.run(at, labels, masks(), {})
            difference = made - targets.astype(images.dtype)
            (gradient,) = gradients(total(difference * difference) * 0.5, [at])
            return images, gradient.value


@caught_by("test_noise_gradient_matches_the_reference")
class DifferentiatesAnotherClass(CorrectTrainer):
    """Differentiates the images of the next class."""

    class face(Inference):  # noqa: N801
        def noise_gradient(self, inputs, targets, labels=None):
            images, gradient = super().noise_gradient(inputs, targets, labels)
            if labels is not None:
                gradient = super().noise_gradient(inputs, targets, np.roll(labels, 1))[1]
            return images, gradient


@caught_by("test_noise_gradient_beside_a_source_matches_differences")
class DifferentiatesTheFirstInput(CorrectTrainer):
    """Differentiates the first input, even if it is the source."""

    class face(Inference):  # noqa: N801
        def __init__(self, network, problem=None, **_):
            super().__init__(network, problem)


@caught_by("test_the_average_has_its_own_noise_gradient")
class DifferentiatesTheGeneratorForItsAverage(CorrectTrainer):
    """Differentiates the generator in place of its average."""

    def __init__(self, problem):
        super().__init__(problem)
        if self.average and not self.natives:
            generator = self.generator

            class Average(Inference):
                def noise_gradient(self, inputs, targets, labels=None):
                    return generator.noise_gradient(inputs, targets, labels)

            self.average = Average(self.average.network)


@caught_by("test_noise_gradient_refuses_invalid_labels")
class DifferentiatesAnyLabels(CorrectTrainer):
    """Accepts any labels when it is differentiated by its noise."""

    class face(Inference):  # noqa: N801
        def noise_gradient(self, inputs, targets, labels=None):
            tables = [w for name, w in self.network.values.items() if name.endswith("embedding")]
            if tables:
                given = np.asarray(0 if labels is None else labels).astype(np.int64)
                labels = np.resize(given % len(tables[0]), len(inputs))
            return super().noise_gradient(inputs, targets, labels)


def masks():
    """Return dropout's masks of one update."""
    key = StepKey(0, 0, 0)
    return lambda layer, shape, rate: dropout_mask(key, Role.GENERATOR, layer, shape, rate)
