"""The losses of an update: adversarial, terms, gradient penalties.

Each is a pure function: it takes weights and returns a scalar, so that a backend can differentiate
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gankit.contract import Problem
from gankit.contract.critique import Critique
from gankit.followers import LOSS
from gankit.functional import penalties
from gankit.functional.inputs import Inputs
from gankit.functional.networks import Networks
from gankit.functional.operations import Operations, Tensor, Tensors
from gankit.functional.passes import Passes
from gankit.functional.terms import (
    compared,
    distances,
    divergences,
    information,
    likeness,
    matched,
    weighted,
)
from gankit.losses import Loss
from gankit.terms import INFORMATION, MATCHING, PULLING, Side, Term


@dataclass(frozen=True)
class Objective:
    """The losses of a problem's updates.

    Attributes
    ----------
    ops
        The operations on all tensors.
    problem
        The problem.
    networks
        What runs its networks.
    """

    ops: Operations
    problem: Problem
    networks: Networks

    def generate(
        self, weights: Tensors, inputs: Inputs, side: Side, *, moving: bool = False
    ) -> tuple[Tensors, Tensors]:
        """Return the values that passes make in an update of `side`, and the running state after.

        The values have the names of `Problem.values`: "fake" are generated images. The running
        state has the names of a state, "generator/2.mean".

        Parameters
        ----------
        weights
            Those of the networks on the generator's side, with the names of a state.
        inputs
            The update's inputs.
        side
            The side that is updated.
        moving
            Whether the networks move; False by default.
        """
        return self._passes(weights, {}, inputs).generate(side, moving=moving)

    def discriminator(
        self, weights: Tensors, made: Tensors, inputs: Inputs
    ) -> tuple[Tensor, tuple[Tensor, Tensor, Tensors, tuple[Tensor, ...]]]:
        """Return the discriminator's loss, with the penalties that share its pass.

        Parameters
        ----------
        weights
            Those of the networks on the discriminator's side, to be differentiated, with the names
            of a state.
        made
            The values that `generate` makes, constants, in the problem's precision.
        inputs
            The update's inputs.

        Returns
        -------
        loss
            A scalar.
        real, fake, running
            The `(B,)` logits of real and of generated images, of a map its mean, and the running
            state after the pass, with the names of a state.
        terms
            The value of each of the discriminator's terms, scalars without their weights.
        """
        passes = self._passes(weights, made, inputs)
        # First: a backend may write the running state that the main pass moves in place.
        further, moved = self._further("discriminator", passes)
        again = self._again(passes) if self.problem.compares_views else None
        fakes, reals, running, gradients = penalties.adversarial(passes)
        fakes, reals = passes.whole(fakes, reals)
        real, fake = self._logits(reals), self._logits(fakes)
        loss = self._loss(inputs, fakes).discriminator(self.ops, real, fake)
        loss = weighted(self.problem.adversarial_weight("discriminator"), loss)
        for value in further:
            loss = loss + value
        outputs = {"fake": fakes, "real": reals, "again": again}
        loss, terms = self._with_terms("discriminator", loss, passes, outputs)
        for half, gradient in gradients.items():
            for number in self.problem.shared_penalties[half]:
                loss = loss + penalties.of_gradient(passes, number, gradient)
        return loss, (self._image_logits(reals), self._image_logits(fakes), moved | running, terms)

    def generator(
        self, others: Tensors, made: Tensors, inputs: Inputs
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the generator's loss, a scalar, and the values of its terms.

        Parameters
        ----------
        others
            The weights of the discriminator's side, constants, as in `discriminator`.
        made
            The values that `generate` makes, to be differentiated.
        inputs
            As in `discriminator`.
        """
        problem, passes = self.problem, self._passes(others, made, inputs)
        weight, loss, outputs = problem.adversarial_weight("generator"), None, {}
        if weight is not None or problem.reads_heads("generator"):
            outputs = self._generated(passes)
        if weight is not None:
            real = self._logits(outputs["real"]) if problem.loss.paired else None
            formula = self._loss(inputs, outputs["fake"]).generator
            loss = weighted(weight, formula(self.ops, real, self._logits(outputs["fake"])))
        for value in self._further("generator", passes)[0]:
            loss = value if loss is None else loss + value
        return self._with_terms("generator", loss, passes, outputs)

    def penalty(self, number: int, weights: Tensors, made: Tensors, inputs: Inputs) -> Tensor:
        """Return the `number`-th penalty's term of the loss, a scalar, from a separate pass.

        With g the gradient of an image's logit by the image, it is the weight times the mean of
        `(sqrt(|g|^2 + epsilon) - target)^2`, as in WGAN-GP (Gulrajani et al. 2017); with target 0,
        times the mean of `|g|^power / 2`: with power 2 as in R1 and R2 (Mescheder et al. 2018),
        with power 6 as in WGAN-div (Wu et al. 2018). The points are those of
        `gankit.penalties.Penalty`; no gradient flows through what they were computed from.

        Parameters
        ----------
        number
            Its position in the problem's penalties; not one of `Problem.shared_penalties`.
        weights, made
            As in `discriminator`.
        inputs
            The update's inputs; the penalty's weight is `inputs.scalars["penalty/NUMBER"]`.
        """
        return penalties.separate(self._passes(weights, made, inputs), number)

    def _passes(self, weights: Tensors, made: Tensors, inputs: Inputs) -> Passes:
        return Passes(self.ops, self.problem, self.networks, weights, made, inputs)

    def _again(self, passes: Passes) -> Tensor:
        """Return the discriminator's outputs for another view of the real images."""
        number = self.problem.values.again
        outputs, _ = passes.alone(passes.images("real"), "real", number=number, view="again")
        return passes.whole(outputs)[0]

    def _generated(self, passes: Passes) -> dict[str, Tensor]:
        """Return the outputs of the generator's update, of the real half too if it is in it."""
        if not self.problem.generator_sees_real:
            return {"fake": passes.whole(passes.alone(passes.images("fake"), "fake")[0])[0]}
        if self.problem.real_logits_are_constant:
            fakes, _ = passes.alone(passes.images("fake"), "fake")
            reals, _ = passes.alone(passes.images("real"), "real")
            reals = self.ops.constant(reals)
        else:
            fakes, reals, _ = passes.joined()
        return dict(zip(("fake", "real"), passes.whole(fakes, reals), strict=True))

    def _further(self, side: Side, passes: Passes) -> tuple[list[Tensor], Tensors]:
        """Return the further adversarial losses of a side, weighted, and the running state after.

        Running state moves in the update of the discriminator's side, that of further networks.
        """
        found: list[Tensor] = []
        moved: Tensors = {}
        # A network's first pass comes last, as it moves the running state: a backend may write that
        # in place.
        for critique in reversed(self.problem.critiques[1:]):
            if side not in critique.weights:
                continue
            moving = side == "discriminator" and not critique.number
            halves = self.problem.values.halves(critique, side)
            outputs, running = passes.criticised(critique, halves, moving=moving)
            moved |= running if moving else {}
            logits = dict(zip(halves, passes.whole(*outputs), strict=True))
            rows = {half: self._all_logits(critique, each) for half, each in logits.items()}
            formula = getattr(self._loss(passes.inputs, logits["fake"]), side)
            loss = formula(self.ops, rows.get("real"), rows["fake"])
            found.append(weighted(critique.weights[side], loss))
        return found[::-1], moved

    def _loss(self, inputs: Inputs, outputs: Tensor) -> Loss:
        """Return the adversarial loss, with its follower's scalars as `outputs` are."""
        if LOSS not in inputs.followers:
            return self.problem.loss
        one = self.ops.xp.reshape(self.ops.xp.ones_like(outputs[:1, :1]), ())
        scalars = inputs.followers[LOSS]
        return self.problem.loss.given({k: self.ops.scale(x, one) for k, x in scalars.items()})

    def _logits(self, outputs: Tensor) -> Tensor:
        """Return the logits of all images, `(B,)`, or of maps `(B * logits_per_image,)`."""
        if self.problem.logits_per_image > 1:
            return self.ops.xp.reshape(outputs, (-1,))
        return outputs[:, 0]

    def _image_logits(self, outputs: Tensor) -> Tensor:
        """Return each image's logit, `(B,)`: of a map its mean."""
        if self.problem.logits_per_image > 1:
            return self.ops.xp.mean(outputs, axis=1)
        return outputs[:, 0]

    def _all_logits(self, critique: Critique, outputs: Tensor) -> Tensor:
        """Return the logits of a critique's outputs, those of a map one image after another."""
        if critique.network == "discriminator":
            return self._logits(outputs)
        return self.ops.xp.reshape(outputs, (-1,))

    def _with_terms(
        self, side: Side, loss: Tensor | None, passes: Passes, outputs: Mapping[str, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the loss with the terms of one side, given the outputs of each half.

        Beside it are the values of the terms without their weights. `loss` is None if the side has
        no adversarial one.
        """
        values = []
        for term in self.problem.terms_of(side):
            if term.kind == MATCHING:
                fakes, reals, _ = passes.joined(layers=self.problem.layers_of(term))
                value = matched(self.ops, fakes, reals)
            elif term.of_values:
                value = self._of_values(term, passes)
            else:
                value = self._of_head(term, passes, outputs)
            loss = term.weight * value if loss is None else loss + term.weight * value
            values.append(value)
        return loss, tuple(values)

    def _of_head(self, term: Term, passes: Passes, outputs: Mapping[str, Tensor]) -> Tensor:
        """Return the value of a term of a head, given the outputs of each half."""
        inputs, columns = passes.inputs, self.problem.head_columns[term.head]
        of = outputs[term.half][:, columns]
        if term.kind == INFORMATION:
            return information(self.ops, of, outputs["again"][:, columns])
        if term.code:
            code = inputs.noise[:, self.problem.code_columns[term.code]]
            return compared(self.ops, term.kind, of, code)
        if term.kind == "cross-entropy":
            return self.ops.cross_entropy(of, inputs.labels)
        return compared(self.ops, term.kind, of, inputs.labels)

    def _of_values(self, term: Term, passes: Passes) -> Tensor:
        """Return the value of a term of one or two values of each row."""
        own = {
            name: passes.features(name)
            if name in self.problem.values.features
            else passes.values[name]
            for name in (term.of, term.to)
            if name
        }
        if term.kind == PULLING:
            (features,) = passes.whole(own[term.of])
            return likeness(self.ops, features)
        if term.kind == "kl":
            rows = divergences(self.ops, own[term.of])
        else:
            rows = distances(self.ops, term.kind, own[term.of], own[term.to])
        (each,) = passes.whole(rows)
        return self.ops.xp.mean(each)
