"""A trainer on a `Framework`: the state as tensors, the compiled updates, the networks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, cast

import numpy as np

from gankit.contract import (
    AnyLabels,
    Array,
    Batch,
    Problem,
    State,
    add_prefix,
    check_state,
    strip_prefix,
)
from gankit.contract.loss_columns import Losses
from gankit.contract.required_inputs import RequiredInputs
from gankit.functional.framework import Framework
from gankit.functional.inputs import Inputs
from gankit.functional.networks import SpecNetworks, TrainerNetworks, inputs_of
from gankit.functional.noise_gradient import noise_gradient
from gankit.functional.objective import Objective
from gankit.functional.operations import Tensor, Tensors
from gankit.functional.updates import Updates
from gankit.terms import CLASS


class Trainer:
    """A generator and a discriminator in training.

    Parameters
    ----------
    problem
        The problem.
    framework
        The framework to train with, on the problem's device and in its precision.
    networks
        Its networks; by default those of layers, `SpecNetworks`.
    """

    def __init__(
        self, problem: Problem, framework: Framework, networks: TrainerNetworks | None = None
    ) -> None:
        self.problem, self.framework = problem, framework
        self.runner = networks or SpecNetworks(framework, problem)
        self._required = RequiredInputs(problem)
        first = self.runner.initial_state()
        # Shapes and dtypes of the state; a broadcast zero takes no memory.
        self.layout = {name: np.broadcast_to(a.dtype.type(), a.shape) for name, a in first.items()}
        self.tensors = self._tensors(first)
        self.generator = Inference(self, "generator")
        self.discriminator = Inference(self, "discriminator")
        self.average = Inference(self, "average") if problem.average else None
        self.networks = {name: Inference(self, name) for name in problem.networks}
        self.updates = Updates(framework, Objective(framework, problem, self.runner))
        self._update_discriminator = framework.compile(self.updates.discriminator, consumes=True)
        self._update_generator = framework.compile(self.updates.generator, consumes=True)

    def update_discriminator(self, batch: Batch, /) -> Losses:
        """Update the discriminator alone, once; return its loss before the update."""
        inputs = self._inputs(batch, last=False)
        tensors, loss = self._update_discriminator(self.tensors, inputs)
        self.change(tensors)
        return cast(Losses, loss)

    def update_generator(self, batch: Batch, /) -> Losses:
        """Update the generator alone, once, and its average; return the loss before."""
        inputs = self._inputs(batch, last=True)
        tensors, loss = self._update_generator(self.tensors, inputs)
        self.change(tensors)
        return cast(Losses, loss)

    def state(self) -> State:
        """Return copies of everything that is needed to resume."""
        return self.arrays(self.layout)

    def load_state(self, state: State, /) -> None:
        """Resume from a copy of `state`, all or nothing."""
        check_state(state, self.layout)
        self.load(state)

    def load(self, arrays: State) -> None:
        """Take copies of arrays of a state, all of it or a part."""
        self.change(self.tensors | self._tensors(arrays))

    def change(self, tensors: Tensors) -> None:
        """Take the tensors of a new state; its networks note them."""
        self.tensors = tensors
        self.runner.changed(tensors)

    def arrays(self, names: Iterable[str]) -> State:
        """Return copies of the tensors of these names, with the dtypes of the initial state."""
        copies = {name: self.framework.numpy(self.tensors[name]) for name in names}
        return {name: a.astype(self.layout[name].dtype, copy=False) for name, a in copies.items()}

    def _tensors(self, state: State) -> Tensors:
        """Return the arrays of a state as tensors; counters are float64, exact up to 2^53."""
        return {
            name: self.framework.array(np.array(array, _dtype(self.layout[name].dtype)))
            for name, array in state.items()
        }

    def _inputs(self, batch: Batch, *, last: bool) -> Inputs:
        """Return the inputs of an update as tensors."""
        self._required.check(batch)
        array, problem = self.framework.array, self.problem
        rows = problem.world.rows(len(batch.noise))
        labels = (
            label_rows(batch.labels, len(batch.noise), problem) if problem.label_format else None
        )
        masks = self.runner.random(batch.key, len(batch.noise), last=last)
        random = {name: in_precision(a[rows], problem) for name, a in batch.random.items()}
        return Inputs(
            real=None if last and not problem.generator_uses_real else array(batch.real[rows]),
            noise=array(batch.noise),
            labels=None if labels is None else array(labels),
            random={name: array(a) for name, a in random.items() if name != "flip"},
            scalars={name: float(number) for name, number in batch.scalars.items()},
            masks={name: array(mask) for name, mask in masks.items()},
            followers={},
            source=() if batch.source is None else array(batch.source[rows]),
        )


class Inference:
    """One of a trainer's networks, in inference mode."""

    def __init__(self, trainer: Trainer, name: str) -> None:
        self._trainer, self._name = trainer, name
        self._takes_labels = trainer.runner.takes_labels(name)
        self._layout = strip_prefix(trainer.layout, name)

        def forward(
            weights: Tensors, x: Tensor | tuple[Tensor, ...], labels: Tensor | None
        ) -> Tensor:
            return trainer.runner.infer(name, weights, x, labels)

        def gradient(
            weights: Tensors,
            x: Tensor | tuple[Tensor, ...],
            labels: Tensor | None,
            targets: Tensor,
        ) -> tuple[Tensor, Tensor]:
            generate = partial(forward, weights, labels=labels)
            position = trainer.problem.noise_position
            return noise_gradient(trainer.framework, generate, x, targets, position)

        self._forward = trainer.framework.compile(forward, consumes=False)
        self._gradient = trainer.framework.compile(gradient, consumes=False)

    def __call__(
        self, inputs: Array | tuple[Array, ...], labels: AnyLabels | None = None, /
    ) -> Array:
        """Return `(n, height, width, channels)` images, or `(n,)` logits."""
        made, problem = self._outputs(inputs, labels), self._trainer.problem
        return problem.logits_of(self._name, made) if problem.criticises(self._name) else made

    def noise_gradient(
        self,
        inputs: Array | tuple[Array, ...],
        targets: Array,
        labels: AnyLabels | None = None,
        /,
    ) -> tuple[Array, Array]:
        """Return a generator's images, and the gradient of their squared error at the noise."""
        framework = self._trainer.framework
        goal = framework.array(np.asarray(targets, self._trainer.problem.precision))
        images, gradient = self._gradient(*self._arguments(inputs, labels), goal)
        return framework.numpy(images), framework.numpy(gradient)

    def classify(self, images: Array, head: str = CLASS, /) -> Array:
        """Return the `(n, size)` outputs of a discriminator's head."""
        columns = self._trainer.problem.columns_of(head)
        return self._outputs(images, None)[:, columns]

    def weights(self) -> State:
        """Return copies of weights and running state; NotPortable if the network is native."""
        self._trainer.runner.check_portable(self._name)
        names = add_prefix(self._name, self._layout)
        return strip_prefix(self._trainer.arrays(names), self._name)

    def load_weights(self, weights: State, /) -> None:
        """Copy weights and running state in, all or nothing; NotPortable if it is native."""
        self._trainer.runner.check_portable(self._name)
        check_state(weights, self._layout)
        self._trainer.load(add_prefix(self._name, weights))

    def _outputs(self, inputs: Array | tuple[Array, ...], labels: AnyLabels | None) -> Array:
        return self._trainer.framework.numpy(self._forward(*self._arguments(inputs, labels)))

    def _arguments(
        self, inputs: Array | tuple[Array, ...], labels: AnyLabels | None
    ) -> tuple[Tensors, Tensor | tuple[Tensor, ...], Tensor | None]:
        """Return weights, inputs and rows of labels as tensors."""
        framework, problem = self._trainer.framework, self._trainer.problem
        given = tuple(np.asarray(each, problem.precision) for each in inputs_of(inputs))
        rows = label_rows(labels, len(given[0]), problem) if self._takes_labels else None
        tensors = tuple(map(framework.array, given))
        return (
            strip_prefix(self._trainer.tensors, self._name),
            tensors if len(tensors) > 1 else tensors[0],
            None if rows is None else framework.array(rows),
        )


def label_rows(labels: AnyLabels | None, count: int, problem: Problem) -> Array:
    """Return `(count, width)` labels as networks take them; ConfigError unless they are valid."""
    return problem.label_format.rows(labels, count, problem.precision)


def _dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype of a tensor in the state."""
    return dtype if dtype.kind == "f" else np.dtype(np.float64)


def in_precision(array: Array, problem: Problem) -> Array:
    """Return a random input in the problem's precision: offsets are whole numbers."""
    return array if array.dtype == bool else np.asarray(array, problem.precision)
