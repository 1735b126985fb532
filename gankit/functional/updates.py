"""The two updates of a step, as pure functions of the state and the inputs.

Every pass reads the state from before the update; only the moving network's own adversarial pass
changes running state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gankit.contract import add_prefix, strip_prefix
from gankit.functional import adaptive
from gankit.functional.framework import Extra, Framework, Tensor, Tensors
from gankit.functional.objective import Inputs, Objective
from gankit.functional.optimizers import averaged, updated
from gankit.layers import is_running

Loss: TypeAlias = Callable[[Tensors], tuple[Tensor, Extra]]
"""A network's weights and running state to its loss, and to what the pass computed beside it."""
Term: TypeAlias = Callable[[Tensors], Tensor]
"""A network's weights and running state to a further term of its loss."""


@dataclass(frozen=True)
class Updates:
    """The updates of a problem; a state has the names of `Problem.initial_state`."""

    objective: Objective

    def discriminator(self, state: Tensors, inputs: Inputs) -> tuple[Tensors, Tensor]:
        """Return the state after one discriminator update, and its loss before."""
        objective, penalties = self.objective, self.objective.problem.penalties
        fake, _ = objective.generate(strip_prefix(state, "generator"), inputs)
        fake, inputs = self._framework.constant(fake), _adapted(state, inputs)

        def loss(weights: Tensors) -> tuple[Tensor, Extra]:
            return objective.discriminator(weights, fake, inputs)

        def term(number: int) -> Term:
            return lambda weights: objective.penalty(number, weights, fake, inputs)

        terms = [(inputs.scalars[f"penalty/{i}"], term(i)) for i in range(len(penalties))]
        moved, value, (real, running) = self._descend("discriminator", state, inputs, loss, terms)
        state = state | moved | add_prefix("discriminator", running)
        augment = objective.problem.augment
        if augment and augment.adaptive:
            follower = strip_prefix(state, "ada")
            follower = adaptive.follow(self._framework, augment, follower, real)
            state |= add_prefix("ada", follower)
        return state, value

    def generator(self, state: Tensors, inputs: Inputs) -> tuple[Tensors, Tensor]:
        """Return the state after one generator update and its average's, and the loss before."""
        others, inputs = strip_prefix(state, "discriminator"), _adapted(state, inputs)

        def loss(weights: Tensors) -> tuple[Tensor, Extra]:
            return self.objective.generator(weights, others, inputs)

        moved, value, running = self._descend("generator", state, inputs, loss)
        state = state | moved | add_prefix("generator", running) | {"step": state["step"] + 1}
        if average := strip_prefix(state, "average"):
            weights, share = strip_prefix(state, "generator"), inputs.scalars["average"]
            state |= add_prefix("average", averaged(self._framework, share, average, weights))
        return state, value

    @property
    def _framework(self) -> Framework:
        return self.objective.framework

    def _descend(
        self,
        name: str,
        state: Tensors,
        inputs: Inputs,
        loss: Loss,
        terms: Sequence[tuple[float | Tensor, Term]] = (),
    ) -> tuple[Tensors, Tensor, Extra]:
        """Move a network's weights down its loss.

        Parameters
        ----------
        name
            The network.
        state, inputs
            Those of the update.
        loss
            The loss without further terms.
        terms
            Further terms, each with a number that is 0 if the term is to be left out.

        Returns
        -------
        moved
            The network's weights and its optimizer's state, by their names in the state.
        value
            The loss with all terms, before the update.
        extra
            What `loss` returned beside its value.
        """
        arrays = strip_prefix(state, name)
        running = {key: array for key, array in arrays.items() if is_running(key)}
        weights = {key: array for key, array in arrays.items() if key not in running}
        value, extra, gradients = self._framework.value_and_grad(
            lambda weights: loss(running | weights), weights
        )
        for due, term in terms:
            more, added = self._term(due, term, running, weights)
            value = value + more
            gradients = {key: gradient + added[key] for key, gradient in gradients.items()}
        optimizer = getattr(self.objective.problem, f"{name}_optimizer")
        old, scalars = strip_prefix(state, f"optimizer/{name}"), strip_prefix(inputs.scalars, name)
        weights, kept = updated(self._framework, optimizer, weights, gradients, old, scalars)
        return add_prefix(name, weights) | add_prefix(f"optimizer/{name}", kept), value, extra

    def _term(
        self, due: float | Tensor, term: Term, running: Tensors, weights: Tensors
    ) -> tuple[Tensor, Tensors]:
        """Return a term and its gradient by the weights; zeros if it is not due."""
        framework, xp = self._framework, self._framework.xp

        def computed() -> tuple[Tensor, Tensors]:
            value, _, gradients = framework.value_and_grad(
                lambda weights: (term(running | weights), ()), weights
            )
            return value, gradients

        def zeros() -> tuple[Tensor, Tensors]:
            gradients = {key: xp.zeros_like(weight) for key, weight in weights.items()}
            return xp.sum(next(iter(gradients.values()))), gradients

        found: tuple[Tensor, Tensors] = framework.cond(due, computed, zeros)
        return found


def _adapted(state: Tensors, inputs: Inputs) -> Inputs:
    """Return the inputs with the state's probability of an adaptive augmentation."""
    return inputs._replace(chance=state.get("ada/p"))
