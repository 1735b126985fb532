"""Train by `gankit.functional` on JAX and torch: layers, and native models as pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from gankit import optimizers
from gankit.contract import Problem, State, Trainer, add_prefix, strip_prefix
from gankit.contract.dropout_masks import pass_name
from gankit.contract.loss_columns import NETWORKS
from gankit.contract.random_streams import StepKey
from gankit.errors import NotPortable
from gankit.functional import Framework, SpecNetworks, Tensors, inputs_of, trainer
from gankit_keras.keras_import import Tensor, keras
from gankit_keras.native_network import NativeNetwork, check_models_apart, native_network
from gankit_keras.random_inputs import RandomInput, RandomInputSampler, sampler, spec_masks


def functional_trainer(problem: Problem, framework: str) -> Trainer:
    """Return a trainer of `problem` on "jax" or "torch", which Keras runs on in this process."""
    if framework == "jax":
        from gankit_keras.jax_framework import Jax

        jax = Jax(problem.precision, problem.device)
        return trainer(problem, jax, ModelNetworks(jax, problem))
    from gankit_keras.torch_framework import Torch, seeded

    torch = Torch(problem.precision, problem.device)
    return trainer(problem, torch, ModelNetworks(torch, problem, seeded))


def _unseeded(_random: Mapping[str, Tensor] | None) -> AbstractContextManager[None]:
    """Return a context that does nothing: JAX's random numbers are functions of their seeds."""
    return nullcontext()


@dataclass(frozen=True)
class ModelNetworks(SpecNetworks):
    """Networks of layers, and native models, whose variables have the values of the state.

    Attributes
    ----------
    ops
        The framework.
    seeded
        Returns the context of a native model's pass, given its random inputs, or None in inference
        mode; by default nothing is done.
    """

    ops: Framework
    seeded: Callable[[Mapping[str, Tensor] | None], AbstractContextManager[None]] = _unseeded

    @cached_property
    def models(self) -> dict[str, NativeNetwork]:
        """The native networks by name; the average is the generator's model."""
        found = {
            name: native_network(self.problem, name)
            for name in self.problem.roles
            if not isinstance(self.problem.spec_of(name), tuple)
        }
        check_models_apart(found)
        return found | ({"average": found["generator"]} if "generator" in found else {})

    def run(
        self,
        name: str,
        weights: Tensors,
        x: Tensor,
        labels: Tensor | None,
        masks: Mapping[str, Tensor],
        /,
        *,
        number: int = 0,
        halves: int = 1,
        moving: bool = False,
        layers: int | None = None,
    ) -> tuple[Tensor, Tensors]:
        """Return the outputs of one pass, and the running state after it."""
        if model := self.models.get(name):
            random = strip_prefix(masks, pass_name(name, number))
            return self._call(model, weights, x, labels, random, halves)
        return super().run(
            name,
            weights,
            x,
            labels,
            masks,
            number=number,
            halves=halves,
            moving=moving,
            layers=layers,
        )

    def trained(self, name: str, arrays: Mapping[str, Tensor], /) -> Tensors:
        """Return those of a network's arrays that its optimizer moves."""
        if model := self.models.get(name):
            return {key: array for key, array in arrays.items() if key in model.trained}
        return super().trained(name, arrays)

    def initial_state(self) -> State:
        """Return the initial state, with the variables of the native models."""
        state = super().initial_state()
        for name, model in self.models.items():
            arrays = {n: self.ops.numpy(value) for n, value in model.values.items()}
            if name == "average":
                state |= add_prefix(name, arrays) if self.problem.average else {}
                continue
            state |= add_prefix(name, arrays)
            optimizer = self.problem.optimizer_of(name)
            moments = optimizers.initial_state(optimizer, self.trained(name, arrays))
            state |= add_prefix(f"optimizer/{name}", moments)
        return state

    def random(self, key: StepKey, batch: int, /, *, last: bool) -> dict[str, NDArray[Any]]:
        """Return the random inputs of one update: masks, and the seeds of native models."""
        return self._samplers[last].sample(key, batch)

    def infer(self, name: str, weights: Tensors, x: Tensor, labels: Tensor | None, /) -> Tensor:
        """Return the outputs in inference mode."""
        if model := self.models.get(name):
            return self._call(model, weights, x, labels)[0]
        return super().infer(name, weights, x, labels)

    def takes_labels(self, name: str, /) -> bool:
        """Return whether a network is class-conditional."""
        model = self.models.get(name)
        return bool(model.label_format) if model else super().takes_labels(name)

    def check_portable(self, name: str, /) -> None:
        """Raise NotPortable for a native model."""
        if model := self.models.get(name):
            raise NotPortable(
                f"the {model.name} is a native keras model; "
                "give a spec to move its weights between backends"
            )

    def changed(self, state: Tensors, /) -> None:
        """Give the native models' variables copies of the state, which JAX's updates consume."""
        for name, model in self.models.items():
            if name != "average":
                weights = strip_prefix(state, name)
                model.assign({key: keras.ops.copy(value) for key, value in weights.items()})

    def _call(
        self,
        model: NativeNetwork,
        weights: Tensors,
        x: Tensor | tuple[Tensor, ...],
        labels: Tensor | None,
        random: Mapping[str, Tensor] | None = None,
        halves: int = 1,
    ) -> tuple[Tensor, Tensors]:
        """Return a native model's outputs, and its running state; labels are rows or None."""
        rows = labels
        if labels is None:
            rows = keras.ops.zeros((inputs_of(x)[0].shape[0],), "int64")
        elif not self.problem.conditions:
            rows = keras.ops.cast(keras.ops.argmax(labels, 1), "int64")
        with self.seeded(random):
            outputs, running = model.run(weights, x, rows, random, halves)
        # The state has whole numbers as float64, as it has its counters.
        dtypes = {n: keras.backend.standardize_dtype(weights[n].dtype) for n in running}
        return outputs, {n: keras.ops.cast(v, dtypes[n]) for n, v in running.items()}

    @cached_property
    def _samplers(self) -> tuple[RandomInputSampler, RandomInputSampler]:
        """The random inputs of a discriminator's update and of the generator's."""
        random = {name: self._random(name) for name in self.problem.roles}
        first, last = (sampler(self.problem, random, side) for side in NETWORKS)
        return first, last

    def _random(self, name: str) -> dict[str, RandomInput]:
        """Return the random inputs of a pass through a network."""
        if model := self.models.get(name):
            return model.random
        role, inputs = self.problem.roles[name], self.problem.input_shapes(name)
        return spec_masks(self._spec(name), role, inputs)
