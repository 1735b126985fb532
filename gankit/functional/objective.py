"""The losses of an update: adversarial, terms of heads, gradient penalties.

Each function is pure: it takes a network's weights and returns a scalar, so that a backend can
differentiate it. Fakes come before reals in a joined batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from gankit import augment
from gankit.augment import Half, View
from gankit.contract import Problem, add_prefix, strip_prefix
from gankit.contract.critique import Critique
from gankit.contract.network_inputs import NOISE, REAL, SOURCE
from gankit.followers import ADA, LOSS
from gankit.functional.networks import Networks
from gankit.functional.normalize import batch_moments
from gankit.functional.operations import Operations, Tensor, Tensors
from gankit.functional.terms import (
    compared,
    distances,
    divergences,
    information,
    likeness,
    matched,
    sampled,
    weighted,
)
from gankit.losses import Loss
from gankit.passes import SAMPLE
from gankit.penalties import Penalty
from gankit.terms import INFORMATION, MATCHING, PULLING, Side, Term


class Inputs(NamedTuple):
    """The inputs of one update as tensors.

    B is the size of the batch. If several processes train together, `noise` and `labels` are those
    of the whole batch, and every other tensor has this process's rows alone.

    Attributes
    ----------
    real
        `(B, height, width, channels)` images in [-1, 1]; None, or no rows, if the update does not
        use them.
    noise
        `(B, latent)`.
    labels
        Labels of the images as the networks take them, by default `(B, classes)` one-hot, zeros for
        none, or `(B, columns)` vectors; None if the problem has no labels.
    random
        Every other random input, as in `gankit.contract.Batch`; offsets in the problem's precision.
    scalars
        Floats, or float64 scalars on the device, as in `gankit.contract.Batch`.
    masks
        Dropout masks as the networks take them, by default by the names of
        `gankit.contract.dropout_masks`.
    followers
        The scalars of each follower, by its name in the state; the update fills them in.
    source
        `(B, height, width, channels)` sources in [-1, 1]; the default, an empty tuple, without any.
    """

    real: Tensor | None
    noise: Tensor
    labels: Tensor | None
    random: Mapping[str, Tensor]
    scalars: Mapping[str, Tensor]
    masks: Any
    followers: Mapping[str, Tensors]
    source: Tensor | tuple[()] = ()


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
        labels = self._rows(inputs.labels)
        running: Tensors = {}
        made: Tensors = {}
        for name in self.problem.values.made(side):
            each, values = self.problem.values.passes[name], self._given(inputs) | made
            x = tuple(
                self.ops.constant(values[value]) if stopped else values[value]
                for value, stopped in each.taken()
            )
            if each.network == SAMPLE:
                made[name] = sampled(self.ops, x[0], inputs.random[f"sample/{name}"])
                continue
            moves = moving and self.problem.values.is_first(name, side)
            made[name], moved = self.networks.run(
                each.network,
                strip_prefix(weights, each.network),
                x if len(x) > 1 else x[0],
                labels,
                inputs.masks,
                number=self.problem.values.number(name),
                moving=moves,
            )
            if moves:
                running |= add_prefix(each.network, moved)
        return made, running

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
        # First: a backend may write the running state that the main pass moves in place.
        further, moved = self._further("discriminator", weights, made, inputs)
        again = self._again(weights, made, inputs) if self.problem.compares_views else None
        fakes, reals, running, gradients = self._adversarial(weights, made, inputs)
        fakes, reals = self._whole(inputs, fakes, reals)
        real, fake = self._logits(reals), self._logits(fakes)
        loss = self._loss(inputs, fakes).discriminator(self.ops, real, fake)
        loss = weighted(self.problem.adversarial_weight("discriminator"), loss)
        for value in further:
            loss = loss + value
        outputs = {"fake": fakes, "real": reals, "again": again}
        loss, terms = self._with_terms("discriminator", loss, inputs, outputs)
        for half, gradient in gradients.items():
            for number in self.problem.shared_penalties[half]:
                loss = loss + self._penalty(number, gradient, inputs)
        return loss, (self._image_logits(reals), self._image_logits(fakes), moved | running, terms)

    def _again(self, weights: Tensors, made: Tensors, inputs: Inputs) -> Tensor:
        """Return the discriminator's outputs for another view of the real images."""
        images, number = self._images("real", made, inputs), self.problem.values.again
        outputs, _ = self._alone(weights, images, "real", made, inputs, number=number, view="again")
        return self._whole(inputs, outputs)[0]

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
        problem, outputs = self.problem, {}
        weight, loss = problem.adversarial_weight("generator"), None
        if weight is not None or problem.reads_heads("generator"):
            outputs = self._generated(others, made, inputs)
        if weight is not None:
            real = self._logits(outputs["real"]) if problem.loss.paired else None
            formula = self._loss(inputs, outputs["fake"]).generator
            loss = weighted(weight, formula(self.ops, real, self._logits(outputs["fake"])))
        for value in self._further("generator", others, made, inputs)[0]:
            loss = value if loss is None else loss + value

        def matching(layers: int) -> Tensor:
            fakes, reals, _ = self._joined(others, made, inputs, layers=layers)
            return matched(self.ops, fakes, reals)

        return self._with_terms("generator", loss, inputs, outputs, matching, made, others)

    def _further(
        self, side: Side, weights: Tensors, made: Tensors, inputs: Inputs
    ) -> tuple[list[Tensor], Tensors]:
        """Return the further adversarial losses of a side, weighted, and the running state after.

        Running state moves in the update of the discriminator's side, that of further networks.
        """
        found: list[Tensor] = []
        moved: Tensors = {}
        for critique in self.problem.critiques[1:]:
            if side not in critique.weights:
                continue
            moving = side == "discriminator" and not critique.number
            halves = self.problem.values.halves(critique, side)
            outputs, running = self._criticised(weights, made, inputs, critique, halves, moving)
            moved |= running if moving else {}
            logits = dict(zip(halves, self._whole(inputs, *outputs), strict=True))
            rows = {half: self._all_logits(critique, each) for half, each in logits.items()}
            formula = getattr(self._loss(inputs, logits["fake"]), side)
            loss = formula(self.ops, rows.get("real"), rows["fake"])
            found.append(weighted(critique.weights[side], loss))
        return found, moved

    def _criticised(
        self,
        weights: Tensors,
        made: Tensors,
        inputs: Inputs,
        critique: Critique,
        halves: Sequence[Half],
        moving: bool,
    ) -> tuple[Sequence[Tensor], Tensors]:
        """Return the outputs of a further critique for each half, and the running state."""
        xp, labels, name = self.ops.xp, self._rows(inputs.labels), critique.network
        values = self._given(inputs) | made
        joined = tuple(
            xp.concatenate([values[one] for one in names], axis=0)
            if len(names) > 1
            else values[names[0]]
            for names in zip(*(critique.sees[half] for half in halves), strict=True)
        )
        if labels is not None and len(halves) > 1:
            labels = xp.concatenate([labels, labels], axis=0)
        outputs, running = self.networks.run(
            name,
            strip_prefix(weights, name),
            joined if len(joined) > 1 else joined[0],
            labels,
            inputs.masks,
            number=critique.number,
            halves=len(halves),
            moving=moving,
        )
        parts = self.ops.halves(outputs) if len(halves) > 1 else (outputs,)
        return parts, add_prefix(name, running)

    def _all_logits(self, critique: Critique, outputs: Tensor) -> Tensor:
        """Return the logits of a critique's outputs, those of a map one image after another."""
        if critique.network == "discriminator":
            return self._logits(outputs)
        return self.ops.xp.reshape(outputs, (-1,))

    def _generated(self, others: Tensors, made: Tensors, inputs: Inputs) -> dict[str, Tensor]:
        """Return the outputs of the generator's update, of the real half too if it is in it."""
        if not self.problem.generator_sees_real:
            images = self._images("fake", made, inputs)
            fakes, _ = self._alone(others, images, "fake", made, inputs)
            return {"fake": self._whole(inputs, fakes)[0]}
        if self.problem.real_logits_are_constant:
            fakes, reals = (
                self._alone(others, self._images(half, made, inputs), half, made, inputs)[0]
                for half in ("fake", "real")
            )
            reals = self.ops.constant(reals)
        else:
            fakes, reals, _ = self._joined(others, made, inputs)
        return dict(zip(("fake", "real"), self._whole(inputs, fakes, reals), strict=True))

    def penalty(
        self,
        number: int,
        weights: Tensors,
        made: Tensors,
        inputs: Inputs,
    ) -> Tensor:
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
        penalty: Penalty = self.problem.penalties[number]
        random = strip_prefix(inputs.random, f"penalty/{number}")
        real, fake = (self._images(half, made, inputs) for half in ("real", "fake"))
        points = penalty.points(real, fake, random, self._deviation)

        def outputs(images: Tensor) -> tuple[Tensor, Tensors]:
            return self._alone(weights, images, penalty.half, made, inputs, number=number + 1)

        _, _, gradient = self._with_gradient(outputs, points)
        return self._penalty(number, gradient, inputs)

    def _adversarial(
        self, weights: Tensors, made: Tensors, inputs: Inputs
    ) -> tuple[Tensor, Tensor, Tensors, dict[Half, Tensor]]:
        """Return the adversarial pass of the discriminator's update.

        The results are the outputs for fakes and for reals, the running state, and the gradients
        of the logits by the images of each half that has shared penalties.
        """
        shared, xp = self.problem.shared_penalties, self.ops.xp
        if not shared:
            return *self._joined(weights, made, inputs, moving=True), {}
        fake, real = (self._images(half, made, inputs) for half in ("fake", "real"))
        if len(shared) == 2:

            def joined(images: Tensor) -> tuple[Tensor, Tensors]:
                halves = self.ops.halves(images)
                fakes, reals, running = self._joined(weights, made, inputs, halves, moving=True)
                return xp.concatenate([fakes, reals], axis=0), running

            images = xp.concatenate([fake, real], axis=0)
            outputs, running, gradient = self._with_gradient(joined, images)
            by_fakes, by_reals = self.ops.halves(gradient)
            return *self.ops.halves(outputs), running, {"fake": by_fakes, "real": by_reals}
        (half,) = shared

        def alone(images: Tensor) -> tuple[Tensor, Tensors]:
            return self._alone(weights, images, half, made, inputs)

        with_gradient, _, gradient = self._with_gradient(alone, fake if half == "fake" else real)
        if half == "fake":
            reals, running = self._alone(weights, real, "real", made, inputs, moving=True)
            return with_gradient, reals, running, {half: gradient}
        fakes, running = self._alone(weights, fake, "fake", made, inputs, moving=True)
        return fakes, with_gradient, running, {half: gradient}

    def _with_gradient(
        self, outputs: Callable[[Tensor], tuple[Tensor, Tensors]], images: Tensor
    ) -> tuple[Tensor, Tensors, Tensor]:
        """Return both results of `outputs(images)`, and the gradient of each logit by its image."""
        xp = self.ops.xp
        made, running, pull = self.ops.input_vjp(outputs, images)
        ones, count = xp.ones_like(made[:, :1]), self.problem.logits_per_image
        if count > 1:  # The logit of an image is the mean of its map.
            return made, running, pull(xp.ones_like(made) * (1 / count))
        if made.shape[1] > 1:  # Heads follow the logit.
            ones = xp.concatenate([ones, xp.zeros_like(made[:, 1:])], axis=1)
        return made, running, pull(ones)

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

    def _penalty(self, number: int, gradient: Tensor, inputs: Inputs) -> Tensor:
        """Return a penalty's term, given the gradient of each logit by its image."""
        xp, penalty = self.ops.xp, self.problem.penalties[number]
        (squares,) = self._whole(inputs, xp.sum(xp.square(gradient), axis=(1, 2, 3)))
        if penalty.target == 0:
            powers = squares if penalty.power == 2 else squares ** (penalty.power / 2)
            value = 0.5 * xp.mean(powers)
        else:
            excess = xp.sqrt(squares + penalty.epsilon) - penalty.target
            value = xp.mean(xp.square(excess))
        return self.ops.scale(inputs.scalars[f"penalty/{number}"], value)

    def _joined(
        self,
        weights: Tensors,
        made: Tensors,
        inputs: Inputs,
        halves: tuple[Tensor, Tensor] | None = None,
        *,
        moving: bool = False,
        layers: int | None = None,
    ) -> tuple[Tensor, Tensor, Tensors]:
        """Return the outputs for fakes and for reals of one pass, and the running state.

        `halves` are the images of both, by default those of the update.
        """
        xp, labels = self.ops.xp, self._rows(inputs.labels)
        if halves is None:
            halves = self._images("fake", made, inputs), self._images("real", made, inputs)
        views = [self._view(halves[0], "fake", inputs), self._view(halves[1], "real", inputs)]
        outputs, running = self.networks.run(
            "discriminator",
            strip_prefix(weights, "discriminator"),
            self._seen(xp.concatenate(views, axis=0), ("fake", "real"), made, inputs),
            None if labels is None else xp.concatenate([labels, labels], axis=0),
            inputs.masks,
            halves=2,
            moving=moving,
            **({} if layers is None else {"layers": layers}),
        )
        return *self.ops.halves(outputs), add_prefix("discriminator", running)

    def _alone(
        self,
        weights: Tensors,
        images: Tensor,
        half: Half,
        made: Tensors,
        inputs: Inputs,
        *,
        number: int = 0,
        moving: bool = False,
        view: View | None = None,
    ) -> tuple[Tensor, Tensors]:
        """Return the outputs for one half alone, in a pass of the update, and the running state.

        `view` names the random inputs of the augmentation, by default those of the half.
        """
        outputs, running = self.networks.run(
            "discriminator",
            strip_prefix(weights, "discriminator"),
            self._seen(self._view(images, view or half, inputs), (half,), made, inputs),
            self._rows(inputs.labels),
            inputs.masks,
            number=number,
            moving=moving,
        )
        return outputs, add_prefix("discriminator", running)

    def _given(self, inputs: Inputs) -> Tensors:
        """Return the values that the update is given, this process's rows."""
        return {NOISE: self._rows(inputs.noise), REAL: inputs.real, SOURCE: inputs.source}

    def _images(self, half: Half, made: Tensors, inputs: Inputs) -> Tensor:
        """Return the first value that the discriminator sees of a half, images if it sees some."""
        return (self._given(inputs) | made)[self.problem.sees[half][0]]

    def _seen(
        self, images: Tensor, halves: Sequence[Half], made: Tensors, inputs: Inputs
    ) -> Tensor | tuple[Tensor, ...]:
        """Return what the discriminator takes: its first values, then the others of each half."""
        values, sees = self._given(inputs) | made, self.problem.sees
        others = [
            self.ops.xp.concatenate([values[name] for name in names], axis=0)
            if len(names) > 1
            else values[names[0]]
            for names in zip(*(sees[half][1:] for half in halves), strict=True)
        ]
        return (images, *others) if others else images

    def _view(self, images: Tensor, half: View, inputs: Inputs) -> Tensor:
        """Return images as the discriminator sees them; other first values unchanged."""
        if not self.problem.sees_images:
            return images
        sigma = inputs.scalars.get("instance_noise")
        if sigma is not None:
            one = self.ops.xp.ones_like(images[:1, :1, :1, :1])
            sigma = self.ops.scale(sigma, one)
        p = inputs.scalars.get("augment")
        if ADA in inputs.followers:
            p = inputs.followers[ADA]["p"]
        return augment.view(self.ops, self.problem.augment, images, half, inputs.random, sigma, p)

    def _loss(self, inputs: Inputs, outputs: Tensor) -> Loss:
        """Return the adversarial loss, with its follower's scalars as `outputs` are."""
        if LOSS not in inputs.followers:
            return self.problem.loss
        one = self.ops.xp.reshape(self.ops.xp.ones_like(outputs[:1, :1]), ())
        scalars = inputs.followers[LOSS]
        return self.problem.loss.given({k: self.ops.scale(x, one) for k, x in scalars.items()})

    def _with_terms(
        self,
        side: Side,
        loss: Tensor | None,
        inputs: Inputs,
        outputs: Mapping[str, Tensor],
        matching: Callable[[int], Tensor] | None = None,
        made: Tensors | None = None,
        others: Tensors | None = None,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the loss with the terms of one network, given the outputs of each half.

        Beside it are the values of the terms without their weights. `matching` returns that of the
        features after some layers; `made` are the values that passes make, in the generator's
        update; `loss` is None if the network has no adversarial one.
        """
        values = []
        for term in self.problem.terms_of(side):
            if term.kind == MATCHING and matching:
                value = matching(self.problem.layers_of(term))
            elif term.of_values:
                value = self._of_values(term, others, self._given(inputs) | (made or {}), inputs)
            else:
                value = self._of_head(term, inputs, outputs)
            loss = term.weight * value if loss is None else loss + term.weight * value
            values.append(value)
        return loss, tuple(values)

    def _of_head(self, term: Term, inputs: Inputs, outputs: Mapping[str, Tensor]) -> Tensor:
        """Return the value of a term of a head, given the outputs of each half."""
        columns = self.problem.head_columns[term.head]
        of = outputs[term.half][:, columns]
        if term.kind == INFORMATION:
            return information(self.ops, of, outputs["again"][:, columns])
        if term.code:
            code = inputs.noise[:, self.problem.code_columns[term.code]]
            return compared(self.ops, term.kind, of, code)
        if term.kind == "cross-entropy":
            return self.ops.cross_entropy(of, inputs.labels)
        return compared(self.ops, term.kind, of, inputs.labels)

    def _of_values(
        self, term: Term, others: Tensors | None, values: Tensors, inputs: Inputs
    ) -> Tensor:
        """Return the value of a term of one or two values of each row."""
        own = {
            name: self._features(name, others or {}, values, inputs)
            if name in self.problem.values.features
            else values[name]
            for name in (term.of, term.to)
            if name
        }
        if term.kind == PULLING:
            (features,) = self._whole(inputs, own[term.of])
            return likeness(self.ops, features)
        if term.kind == "kl":
            rows = divergences(self.ops, own[term.of])
        else:
            rows = distances(self.ops, term.kind, own[term.of], own[term.to])
        (each,) = self._whole(inputs, rows)
        return self.ops.xp.mean(each)

    def _features(self, name: str, others: Tensors, values: Tensors, inputs: Inputs) -> Tensor:
        """Return the outputs of a layer of the discriminator for some values, as rows."""
        found = self.problem.values.features[name]
        x = tuple(values[value] for value in found.inputs)
        outputs, _ = self.networks.run(
            "discriminator",
            strip_prefix(others, "discriminator"),
            x if len(x) > 1 else x[0],
            self._rows(inputs.labels),
            inputs.masks,
            number=found.number,
            layers=found.layer + 1,
        )
        return outputs

    def _deviation(self, images: Tensor) -> Tensor:
        """Return the population standard deviation of all values of the batch."""
        xp = self.ops.xp
        if self.ops.sums.world.size > 1:
            return xp.sqrt(batch_moments(xp, self.ops.sums, images, (0, 1, 2, 3))[1])
        centred = images - xp.mean(images)
        return xp.sqrt(xp.mean(xp.square(centred)))

    def _rows(self, tensor: Tensor) -> Tensor:
        """Return this process's rows of an input of the whole batch; None unchanged."""
        world = self.ops.sums.world
        if world.size == 1 or tensor is None:
            return tensor
        return tensor[world.share(self.ops.length(tensor))]

    def _whole(self, inputs: Inputs, *rows: Tensor) -> tuple[Tensor, ...]:
        """Return the rows of all processes for each of `rows`, this process's own."""
        return self.ops.sums.whole(self.ops.length(inputs.noise), *rows)
