"""The two updates of a step, as pure functions of the state and the inputs.

Every pass reads the state from before the update; only the moving network's own adversarial pass
changes running state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeAlias

from gankit.contract import add_prefix, strip_prefix
from gankit.functional import followers
from gankit.functional.framework import Extra, Framework, Pull
from gankit.functional.inputs import Inputs
from gankit.functional.objective import Objective
from gankit.functional.operations import Operations, Tensor, Tensors
from gankit.functional.optimizers import averaged, updated
from gankit.terms import Side

Term: TypeAlias = Callable[[Tensors], Tensor]
"""A network's weights and running state to a term of its loss."""


class Generated(NamedTuple):
    """The forward passes of the networks on the generator's side.

    Attributes
    ----------
    made
        The values that they make, constants: "fake" are generated images.
    running
        The running state after the passes, with the names of a state.
    pull
        Gradients of the values, by their names, to the gradients of the weights.
    """

    made: Tensors
    running: Tensors
    pull: Pull


@dataclass(frozen=True)
class Updates:
    """The updates of a problem; a state has the names of `Problem.initial_state`.

    Attributes
    ----------
    framework
        The framework of all tensors.
    objective
        The losses.
    """

    framework: Framework
    objective: Objective

    def discriminator(self, state: Tensors, inputs: Inputs) -> tuple[Tensors, Tensor]:
        """Return the state after one discriminator update of `state`, and its loss before.

        `inputs` are the update's. Losses are scalars, or `(1 + T,)` with the values of T terms, as
        a trainer returns them.
        """
        return self.discriminate(state, self.made(state, inputs), inputs)

    def generator(self, state: Tensors, inputs: Inputs) -> tuple[Tensors, Tensor]:
        """Return the state after one generator update of `state`, and its loss before.

        `inputs` are the update's.
        """
        return self.follow(state, self.generate(state, inputs), inputs)

    def both(
        self, state: Tensors, first: Inputs, second: Inputs
    ) -> tuple[Tensors, tuple[Tensor, Tensor]]:
        """Return the state after a discriminator and a generator update on the same fakes.

        The losses are those before each update.

        Parameters
        ----------
        state
            The state before.
        first, second
            The inputs of each update; both have the same noise.
        """
        generated = self.generate(state, first)
        state, loss = self.discriminate(state, generated.made, first)
        state, last = self.follow(state, generated, second)
        return state, (loss, last)

    def generate(self, state: Tensors, inputs: Inputs) -> Generated:
        """Run the networks of the generator's side in `state` on `inputs`, for their own update."""
        running, weights = self._split("generator", state)

        def made(weights: Tensors) -> tuple[Tensors, Tensors]:
            return self.objective.generate(running | weights, inputs, "generator", moving=True)

        return Generated(*self.framework.vjp(made, weights))

    def made(self, state: Tensors, inputs: Inputs) -> Tensors:
        """Return the values that the generator's side makes in a discriminator update, constants.

        They are computed from `state` and the update's `inputs`.
        """
        made, _ = self.objective.generate(state, inputs, "discriminator")
        return {name: self.framework.constant(value) for name, value in made.items()}

    def discriminate(self, state: Tensors, made: Tensors, inputs: Inputs) -> tuple[Tensors, Tensor]:
        """Return the state after one discriminator update, and the loss before.

        Parameters
        ----------
        state
            The state before.
        made
            The values that the generator's side makes, constants.
        inputs
            The update's inputs.
        """
        objective, inputs = self.objective, self._with_followers(state, inputs)
        running, weights = self._split("discriminator", state)

        def loss(weights: Tensors) -> tuple[Tensor, Extra]:
            return objective.discriminator(running | weights, made, inputs)

        value, extra, gradients = self.framework.value_and_grad(loss, weights)
        for number, penalty in objective.problem.separate_penalties.items():
            term = partial(self._penalty, number, running, made, inputs)
            due = None if penalty.every == 1 else inputs.scalars[f"penalty/{number}"]
            more, added = self._term(due, term, weights)
            value = value + more
            gradients = {name: gradient + added[name] for name, gradient in gradients.items()}
        real, fakes, moved, terms = extra
        state = state | self._step("discriminator", state, weights, gradients, inputs)
        state |= moved
        for name, follower in objective.problem.followers.items():
            scalars = strip_prefix(state, name)
            scalars = followers.follow(self.framework, follower, scalars, real, fakes)
            state |= add_prefix(name, scalars)
        one = self.framework.xp.ones_like(value)
        scalars_ = (self.framework.scale(state[n], one) for n in objective.problem.logged_scalars)
        return state, with_terms(self.framework, value, (*terms, *scalars_))

    def follow(
        self, state: Tensors, generated: Generated, inputs: Inputs
    ) -> tuple[Tensors, Tensor]:
        """Return the state after a generator update, and the loss before.

        Parameters
        ----------
        state
            The state before.
        generated
            The generator's pass.
        inputs
            The update's inputs.
        """
        inputs = self._with_followers(state, inputs)

        def loss(made: Tensors) -> tuple[Tensor, Extra]:
            return self.objective.generator(state, made, inputs)

        value, terms, gradients = self.framework.value_and_grad(loss, generated.made)
        gradients = generated.pull(gradients)
        _, weights = self._split("generator", state)
        state = state | self._step("generator", state, weights, gradients, inputs)
        state |= generated.running | {"step": state["step"] + 1}
        if average := strip_prefix(state, "average"):
            arrays = strip_prefix(state, "generator")
            weights = self.objective.networks.trained("generator", arrays)
            running = {name: array for name, array in arrays.items() if name not in weights}
            share = inputs.scalars["average"]
            average = averaged(self.framework, share, average, weights)
            state |= add_prefix("average", average | running)
        return state, with_terms(self.framework, value, terms)

    def _with_followers(self, state: Tensors, inputs: Inputs) -> Inputs:
        names = self.objective.problem.followers
        return inputs._replace(followers={name: strip_prefix(state, name) for name in names})

    def _split(self, side: Side, state: Tensors) -> tuple[Tensors, Tensors]:
        """Return the running state and the weights of a side's networks, by their names."""
        objective = self.objective
        arrays: Tensors = {}
        weights: Tensors = {}
        for name in objective.problem.networks_of(side):
            own = strip_prefix(state, name)
            arrays |= add_prefix(name, own)
            weights |= add_prefix(name, objective.networks.trained(name, own))
        return {key: array for key, array in arrays.items() if key not in weights}, weights

    def _penalty(
        self, number: int, running: Tensors, made: Tensors, inputs: Inputs, weights: Tensors
    ) -> Tensor:
        return self.objective.penalty(number, running | weights, made, inputs)

    def _step(
        self,
        side: Side,
        state: Tensors,
        weights: Tensors,
        gradients: Tensors,
        inputs: Inputs,
    ) -> Tensors:
        """Return the weights and the optimizers' states of a side's networks after one update."""
        problem = self.objective.problem
        made: Tensors = {}
        gradients = self.framework.sums.summed(gradients)
        apply = self.framework.apply or partial(updated, self.framework)
        for name in problem.networks_of(side):
            own, slots = apply(
                problem.optimizer_of(name),
                strip_prefix(weights, name),
                strip_prefix(gradients, name),
                strip_prefix(state, f"optimizer/{name}"),
                strip_prefix(inputs.scalars, side),
            )
            made |= add_prefix(name, own) | add_prefix(f"optimizer/{name}", slots)
        return made

    def _term(
        self, due: float | Tensor | None, term: Term, weights: Tensors
    ) -> tuple[Tensor, Tensors]:
        """Return a term of a loss and its gradient by the weights; zeros if it is not due.

        `due` is positive if it is, or None if it always is.
        """
        framework, xp = self.framework, self.framework.xp

        def computed() -> tuple[Tensor, Tensors]:
            value, _, gradients = framework.value_and_grad(
                lambda weights: (term(weights), ()), weights
            )
            return value, gradients

        def zeros() -> tuple[Tensor, Tensors]:
            gradients = {name: xp.zeros_like(weight) for name, weight in weights.items()}
            return xp.sum(next(iter(gradients.values()))), gradients

        found: tuple[Tensor, Tensors]
        found = computed() if due is None else framework.cond(due, computed, zeros)
        return found


def with_terms(ops: Operations, loss: Tensor, terms: Sequence[Tensor]) -> Tensor:
    """Return a loss unchanged if there are no terms, else `(1 + T,)`, with the terms after it.

    Parameters
    ----------
    ops
        The operations on the tensors.
    loss
        A scalar.
    terms
        The values of T terms, scalars.
    """
    if not terms:
        return loss
    xp = ops.xp
    return xp.concatenate([xp.reshape(value, (1,)) for value in (loss, *terms)], axis=0)
