"""The updates of `gankit.functional` on variables, with all random numbers as inputs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gankit.contract import LabelFormat, Problem
from gankit.contract.random_inputs import layout
from gankit.contract.scalars import names
from gankit.errors import ConfigError
from gankit.functional import Inputs, Objective, Updates
from gankit_keras.framework import Tensor, Variable, compiled, tf
from gankit_keras.inference import label_signature
from gankit_keras.networks import KerasNetworks
from gankit_keras.random_inputs import RandomInputSampler
from gankit_keras.tensorflow_framework import TensorFlow, Unconnected


class VariableUpdates:
    """The updates of a problem, which write the new state into its variables.

    The discriminator's is compiled separately from the generation of its fakes, so that it gives
    the same bits whether they are shared or not.
    """

    def __init__(
        self,
        problem: Problem,
        networks: KerasNetworks,
        framework: TensorFlow,
        variables: dict[str, Variable],
        signature: Inputs,
        device: str | None,
    ) -> None:
        self._updates = Updates(framework, Objective(framework, problem, networks))
        self._variables = variables
        made = {
            name: tf.TensorSpec((None, *problem.values.shape(name)), problem.precision)
            for name in problem.values.made("discriminator")
        }
        self._compiled_discriminate = compiled(self._discriminate, device, made, signature)

    def update_discriminator(self, inputs: Inputs) -> Tensor:
        """Update the discriminator; return its loss before the update."""
        made = self._updates.made(self._variables, inputs)
        return self._compiled_discriminate(made, inputs)

    def update_generator(self, inputs: Inputs) -> Tensor:
        """Update the generator, then its average; return its loss before the update."""
        generated = self._updates.generate(self._variables, inputs)
        with _named("generator"):
            state, loss = self._updates.follow(self._variables, generated, inputs)
        self._store(state)
        return loss

    def update_both(self, first: Inputs, second: Inputs) -> tuple[Tensor, Tensor]:
        """Run a discriminator update, then a generator update, on the same generated images."""
        generated = self._updates.generate(self._variables, first)
        loss = self._compiled_discriminate(generated.made, first)
        with _named("generator"):
            state, last = self._updates.follow(self._variables, generated, second)
        self._store(state)
        return loss, last

    def _discriminate(self, made: dict[str, Tensor], inputs: Inputs) -> Tensor:
        with _named("discriminator"):
            state, loss = self._updates.discriminate(self._variables, made, inputs)
        self._store(state)
        return loss

    def _store(self, state: dict[str, Tensor]) -> None:
        """Store the tensors of a state; its other entries are the variables themselves."""
        for name, variable in self._variables.items():
            if state[name] is not variable:
                variable.assign(state[name])


def inputs_signature(
    problem: Problem, sampler: RandomInputSampler, label_format: LabelFormat
) -> Inputs:
    """Return the shapes and dtypes of an update's tensors.

    `real` has no rows in a generator update whose loss is not paired; labels are `(B,)` int64, or
    vectors, and have no rows if the problem does not use them; the masks are a sampler's.
    """
    random = random_signatures(problem)
    random.pop("flip", None)
    return Inputs(
        real=tf.TensorSpec((None, *problem.image_shape), problem.precision),
        noise=tf.TensorSpec((None, problem.noise_width), problem.precision),
        labels=label_signature(label_format, problem.precision),
        random=random,
        scalars=dict.fromkeys(names(problem), tf.TensorSpec((), tf.float64)),
        masks=mask_signatures(sampler),
        followers={},
        source=tf.TensorSpec((None, *problem.source_shape), problem.precision)
        if problem.source_shape
        else (),
    )


def random_signatures(problem: Problem, *axes: None) -> dict[str, tf.TensorSpec]:
    """Return the shapes and dtypes of the core's random inputs, with additional leading axes."""
    return {
        name: tf.TensorSpec((*axes, None, *shape), dtype)
        for name, (shape, dtype) in layout(problem).items()
    }


def mask_signatures(sampler: RandomInputSampler, *axes: None) -> dict[str, tf.TensorSpec]:
    """Return the shapes and dtypes of a sampler's arrays, with additional leading axes."""
    return {
        name: tf.TensorSpec((*axes, *shape), dtype)
        for name, (shape, dtype) in sampler.layout().items()
    }


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Say whose loss depends on none of its weights."""
    try:
        yield
    except Unconnected:
        raise ConfigError(
            f"the {name}'s loss depends on none of its weights; does the model call stop_gradient?"
        ) from None
