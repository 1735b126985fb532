"""The passes of networks in one update: what each of them sees, and whose rows.

Fakes come before reals in a joined batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gankit import augment
from gankit.augment import Half, View
from gankit.contract import Problem, add_prefix, strip_prefix
from gankit.contract.critique import Critique
from gankit.contract.network_inputs import NOISE, REAL, SOURCE
from gankit.followers import ADA
from gankit.functional.inputs import Inputs
from gankit.functional.networks import Networks
from gankit.functional.operations import Operations, Tensor, Tensors
from gankit.functional.terms import sampled
from gankit.passes import SAMPLE
from gankit.terms import Side


@dataclass(frozen=True)
class Passes:
    """The passes of a problem's networks in one update.

    Each returns the outputs, and the running state after it with the names of a state.

    Attributes
    ----------
    ops, problem, networks
        Those of an `Objective`.
    weights
        The weights and the running state of the networks that run, with the names of a state.
    made
        The values that the generator's side has made in the update, by their names.
    inputs
        The update's inputs.
    """

    ops: Operations
    problem: Problem
    networks: Networks
    weights: Tensors
    made: Tensors
    inputs: Inputs

    @property
    def values(self) -> Tensors:
        """The values that are given and made, this process's rows, by their names."""
        inputs = self.inputs
        given = {NOISE: self.rows(inputs.noise), REAL: inputs.real, SOURCE: inputs.source}
        return given | self.made

    def generate(self, side: Side, *, moving: bool = False) -> tuple[Tensors, Tensors]:
        """Return the values that `Problem.values` has in an update of `side`, and running state.

        `moving` says whether the networks move; False by default.
        """
        passes, running = self, Tensors()
        for name in self.problem.values.made(side):
            each, values = self.problem.values.passes[name], passes.values
            x = tuple(
                self.ops.constant(values[value]) if stopped else values[value]
                for value, stopped in each.taken()
            )
            if each.network == SAMPLE:
                outputs = sampled(self.ops, x[0], self.inputs.random[f"sample/{name}"])
            else:
                moves = moving and self.problem.values.is_first(name, side)
                number = self.problem.values.number(name)
                outputs, moved = self._run(each.network, x, number=number, moving=moves)
                running |= moved if moves else {}
            passes = replace(passes, made=passes.made | {name: outputs})
        return passes.made, running

    def joined(
        self,
        halves: tuple[Tensor, Tensor] | None = None,
        *,
        moving: bool = False,
        layers: int | None = None,
    ) -> tuple[Tensor, Tensor, Tensors]:
        """Return the discriminator's outputs for fakes and for reals, of one pass over both.

        Parameters
        ----------
        halves
            The images of both; None, the default, takes those of the update.
        moving, layers
            As in `Networks.run`.
        """
        if halves is None:
            halves = self.images("fake"), self.images("real")
        views = [self._view(halves[0], "fake"), self._view(halves[1], "real")]
        x = self._seen(self.ops.xp.concatenate(views, axis=0), ("fake", "real"))
        outputs, running = self._run("discriminator", x, halves=2, moving=moving, layers=layers)
        return *self.ops.halves(outputs), running

    def alone(
        self,
        images: Tensor,
        half: Half,
        *,
        number: int = 0,
        moving: bool = False,
        view: View | None = None,
    ) -> tuple[Tensor, Tensors]:
        """Return the discriminator's outputs for one half, of a separate pass.

        Parameters
        ----------
        images
            Its images.
        half
            "fake" or "real".
        number, moving
            As in `Networks.run`.
        view
            Names the random inputs of the augmentation; None, the default, takes the half's.
        """
        x = self._seen(self._view(images, view or half), (half,))
        return self._run("discriminator", x, number=number, moving=moving)

    def criticised(
        self, critique: Critique, halves: Sequence[Half], *, moving: bool
    ) -> tuple[Sequence[Tensor], Tensors]:
        """Return the outputs of a further critique for each of `halves`, of one pass.

        `moving` is as in `Networks.run`.
        """
        x = self._joined_values([critique.sees[half] for half in halves])
        outputs, running = self._run(
            critique.network, x, number=critique.number, halves=len(halves), moving=moving
        )
        return (self.ops.halves(outputs) if len(halves) > 1 else (outputs,)), running

    def features(self, name: str) -> Tensor:
        """Return the features `name` of `Problem.values`: a layer of the discriminator, as rows."""
        found = self.problem.values.features[name]
        x, layers = self._joined_values([found.inputs]), found.layer + 1
        return self._run("discriminator", x, number=found.number, layers=layers)[0]

    def images(self, half: Half) -> Tensor:
        """Return the first value that the discriminator sees of a half, images if it sees some."""
        return self.values[self.problem.sees[half][0]]

    def rows(self, tensor: Tensor) -> Tensor:
        """Return this process's rows of an input of the whole batch; None unchanged."""
        world = self.ops.sums.world
        if world.size == 1 or tensor is None:
            return tensor
        return tensor[world.share(self.ops.length(tensor))]

    def whole(self, *rows: Tensor) -> tuple[Tensor, ...]:
        """Return the rows of all processes for each of `rows`, this process's own."""
        return self.ops.sums.whole(self.ops.length(self.inputs.noise), *rows)

    def _run(
        self,
        name: str,
        x: tuple[Tensor, ...],
        *,
        number: int = 0,
        halves: int = 1,
        moving: bool = False,
        layers: int | None = None,
    ) -> tuple[Tensor, Tensors]:
        """Run a network on `x`, one or several inputs, with labels for each half."""
        labels = self.rows(self.inputs.labels)
        if labels is not None and halves > 1:
            labels = self.ops.xp.concatenate([labels, labels], axis=0)
        outputs, running = self.networks.run(
            name,
            strip_prefix(self.weights, name),
            x if len(x) > 1 else x[0],
            labels,
            self.inputs.masks,
            number=number,
            halves=halves,
            moving=moving,
            layers=layers,
        )
        return outputs, add_prefix(name, running)

    def _seen(self, images: Tensor, halves: Sequence[Half]) -> tuple[Tensor, ...]:
        """Return what the discriminator takes: its first values, then the others of each half."""
        return images, *self._joined_values([self.problem.sees[half][1:] for half in halves])

    def _joined_values(self, halves: Sequence[tuple[str, ...]]) -> tuple[Tensor, ...]:
        """Return the values that each half names, those of the halves one after another."""
        values = self.values
        return tuple(
            self.ops.xp.concatenate([values[name] for name in names], axis=0)
            if len(names) > 1
            else values[names[0]]
            for names in zip(*halves, strict=True)
        )

    def _view(self, images: Tensor, half: View) -> Tensor:
        """Return images as the discriminator sees them; other first values are never augmented."""
        inputs = self.inputs
        sigma = inputs.scalars.get("instance_noise")
        if sigma is not None:
            one = self.ops.xp.ones_like(images[:1, :1, :1, :1])
            sigma = self.ops.scale(sigma, one)
        p = inputs.scalars.get("augment")
        if ADA in inputs.followers:
            p = inputs.followers[ADA]["p"]
        return augment.view(self.ops, self.problem.augment, images, half, inputs.random, sigma, p)
