"""Clauses on the gradient of a generator at its noise."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit.contract import Array, Backend, DifferentiableGenerator, Generator, Problem, State
from gankit.contract.random_streams import Stream
from gankit.contract.random_streams import generator as random_numbers
from gankit.errors import ConfigError
from gankit.layers import Concat, Dense, Flatten, LeakyReLU, Reshape, Spec
from gankit.testing.agreement import assert_close, assert_identical
from gankit.testing.clauses.labels import INVALID, conditional_problem
from gankit.testing.clauses.layers import pair_problem
from gankit.testing.clauses.native import NativePair, native_problem
from gankit.testing.clauses.networks import noise
from gankit.testing.clauses.sources import CRITIC, SOURCE, sources
from gankit.testing.harness import Setup, ready, reference, require, supported
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import PAIRS, TO_IMAGE
from gankit.testing.problems import bound, full
from gankit.testing.rgb import CLASSES, rgb_problem, rgb_setup

Images = NDArray[np.uint8]
STEP = {"float64": 1e-6, "float32": 1e-3}
"""The distance of a central difference from its point, by precision."""
TOLERANCE = {"float64": 1e-6, "float32": 2e-2}
"""The relative error of a central difference, by precision."""
WITH_SOURCE: dict[str, tuple[tuple[str, ...], Spec]] = {
    "noise-first": (("noise", "source"), (Dense(96), Reshape(SOURCE), Concat(1), Flatten())),
    "source-first": (("source", "noise"), (Flatten(), Concat(1))),
}
"""What a generator takes, and its first layers, by the order of its inputs."""


@level("numerics")
class NoiseGradientClauses:
    """Noise gradients: the generator is differentiated by its noise (capability "noise-gradients").

    Its `noise_gradient(inputs, targets, labels)` returns the images, and the gradient of half the
    sum of (images - targets)^2 at the noise, in inference mode.
    """

    @level("protocol")
    def test_noise_gradient_returns_images_and_a_gradient(
        self, backend: Backend, images: Images
    ) -> None:
        """The images are those of a call, and the gradient has the noise's shape.

        Both have the problem's precision, for noise and targets of either precision. The state does
        not change.
        """
        problem = claimed(backend, full(backend))
        trainer = ready(backend, problem)
        Setup(problem, images).updates(trainer, 0, 2)
        before, z = trainer.state(), noise(problem)
        made = trainer.generator(z)
        for precision in ("float32", "float64"):
            found, gradient = differentiable(trainer.generator).noise_gradient(
                z.astype(precision), targets(problem).astype(precision)
            )
            assert gradient.shape == z.shape
            assert gradient.dtype == problem.precision
            assert_close({"images": found}, {"images": made}, bound(problem))
        assert_identical(trainer.state(), before)

    def test_noise_gradient_matches_finite_differences(
        self, backend: Backend, images: Images
    ) -> None:
        """The gradient agrees with central differences of the error: in float64 within 1e-6.

        In float32, if float64 is not claimed, within 2 %. The differences are along one random
        direction for each row, after two steps of training.
        """
        problem = claimed(backend, full(backend))
        trainer = ready(backend, problem)
        Setup(problem, images).updates(trainer, 0, 2)
        assert_finite_differences(trainer.generator, problem)

    @pytest.mark.parametrize("order", WITH_SOURCE)
    def test_noise_gradient_beside_a_source_matches_differences(
        self, backend: Backend, order: str
    ) -> None:
        """A generator of noise and source is differentiated by its noise alone, in any order."""
        inputs, first = WITH_SOURCE[order]
        generator = (*first, Dense(24), LeakyReLU(0.2), *TO_IMAGE)
        made = {"inputs": inputs, "source": "paired", "source_shape": SOURCE}
        problem = claimed(backend, rgb_problem(backend, generator, CRITIC, **made))
        network, z = ready(backend, problem).generator, noise(problem)
        given, goal = beside_source(problem, z), targets(problem)
        images, gradient = differentiable(network).noise_gradient(given, goal)
        assert_close({"images": images}, {"images": network(given)}, bound(problem))
        assert gradient.shape == z.shape
        assert_finite_differences(network, problem)

    @pytest.mark.parametrize("pair", PAIRS)
    def test_noise_gradient_matches_the_reference(self, backend: Backend, pair: str) -> None:
        """Every kind of layer gives the reference's gradient, after three steps of training."""
        problem = claimed(backend, pair_problem(backend, pair))
        first = ready(reference(), problem)
        rgb_setup(problem).updates(first, 0, 3)
        state = first.state()
        z, labels = noise(problem, 8), np.arange(8) % CLASSES

        def gradient(backend: Backend) -> State:
            trainer = ready(backend, problem)
            trainer.load_state(state)
            network = differentiable(trainer.generator)
            made, gradient = network.noise_gradient(z, targets(problem, 8), labels)
            return {"images": made, "gradient": gradient}

        assert_close(gradient(backend), gradient(reference()), bound(problem))

    def test_the_average_has_its_own_noise_gradient(self, backend: Backend, images: Images) -> None:
        """The average's gradient is that of the generator with the average's weights."""
        require(backend, "average")
        problem = claimed(backend, full(backend))
        trainer = ready(backend, problem)
        Setup(problem, images).updates(trainer, 0, 3)
        z, goal = noise(problem), targets(problem)
        assert trainer.average is not None
        found = differentiable(trainer.average).noise_gradient(z, goal)[1]
        trainer.generator.load_weights(trainer.average.weights())
        wanted = differentiable(trainer.generator).noise_gradient(z, goal)[1]
        assert_close({"gradient": found}, {"gradient": wanted}, bound(problem))

    @level("protocol")
    @pytest.mark.parametrize("fault", INVALID)
    def test_noise_gradient_refuses_invalid_labels(self, backend: Backend, fault: str) -> None:
        """A class-conditional generator refuses invalid labels with ConfigError, as in a call."""
        problem = claimed(backend, conditional_problem(backend))
        network = differentiable(ready(backend, problem).generator)
        with pytest.raises(ConfigError):
            network.noise_gradient(noise(problem, 4), targets(problem, 4), INVALID[fault])

    def test_native_noise_gradient_matches_finite_differences(
        self, backend: Backend, images: Images, native_pair: NativePair
    ) -> None:
        """The gradient of a native generator agrees with central differences, within 2 %."""
        problem = claimed(backend, native_problem(backend, native_pair))
        trainer = ready(backend, problem)
        Setup(problem, images).updates(trainer, 0, 2)
        before = trainer.state()
        assert_finite_differences(trainer.generator, problem)
        assert_identical(trainer.state(), before)


def claimed(backend: Backend, problem: Problem) -> Problem:
    """Return `problem`, or skip if noise gradients or its own needs are not claimed."""
    require(backend, "noise-gradients")
    return supported(backend, problem)


def differentiable(network: Generator) -> DifferentiableGenerator:
    """Return a generator; fail if it has no `noise_gradient`."""
    assert isinstance(network, DifferentiableGenerator), "the generator has no `noise_gradient`"
    return network


def targets(problem: Problem, count: int = 5) -> Array:
    """Return `(count, height, width, channels)` images in [-1, 1) of random numbers."""
    random = random_numbers(0, Stream.SAMPLE, 1)
    made = 2 * random.random((count, *problem.image_shape)) - 1
    return made.astype(problem.precision)


def beside_source(problem: Problem, z: Array) -> Array | tuple[Array, ...]:
    """Return what the generator takes: noise, and sources if the problem has some."""
    source = problem.scale(sources(problem)[: len(z)]) if problem.takes_source else None
    inputs: Array | tuple[Array, ...] = problem.generator_inputs(z, source)
    return inputs


def assert_finite_differences(network: Generator, problem: Problem) -> None:
    """Fail unless each row's gradient agrees with a central difference of its error."""
    z, goal = noise(problem), targets(problem)
    away = random_numbers(0, Stream.SAMPLE, 2).standard_normal(z.shape)
    gradient = differentiable(network).noise_gradient(beside_source(problem, z), goal)[1]
    found = (gradient * away).sum(axis=1, dtype=np.float64)
    step = STEP[problem.precision]
    ahead, behind = (
        errors(network, beside_source(problem, (z + side * step * away).astype(z.dtype)), goal)
        for side in (1, -1)
    )
    wanted = (ahead - behind) / (2 * step)
    assert np.abs(wanted).max() > 0
    assert_close(
        {"derivative": found / np.abs(wanted).max()},
        {"derivative": wanted / np.abs(wanted).max()},
        TOLERANCE[problem.precision],
    )


def errors(
    network: Generator, inputs: Array | tuple[Array, ...], goal: Array
) -> NDArray[np.float64]:
    """Return half the sum of squared differences of each row, `(n,)`."""
    difference = network(inputs).astype(np.float64) - goal
    return cast(NDArray[np.float64], 0.5 * (difference**2).sum(axis=(1, 2, 3)))
