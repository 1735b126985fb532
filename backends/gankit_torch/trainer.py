"""The trainer: the two steps, and blocks of them that leave everything on the device."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gankit._utils.state import State, check_state, part, under
from gankit.contract import Array, Batch, Block, Labels, Problem
from gankit.contract.dropout_masks import Masks
from gankit.contract.random_streams import Site
from gankit.optimizers import Optimizer
from gankit_torch.building import player
from gankit_torch.calling import blamed
from gankit_torch.chances import Chance
from gankit_torch.devices import chosen
from gankit_torch.feeds import Feed, Step
from gankit_torch.graphs import Rounds, recorder
from gankit_torch.networks import Player
from gankit_torch.objectives import Objectives
from gankit_torch.optimizers import Updater
from gankit_torch.products import fast
from gankit_torch.tensors import copy_into, to_array


class TorchTrainer:
    """A generator and a discriminator in training, in PyTorch."""

    def __init__(self, problem: Problem) -> None:
        device = chosen(problem.device, problem.precision)
        self.generator = player(problem, Site.GENERATOR, device)
        self.discriminator = player(problem, Site.DISCRIMINATOR, device)
        self.average = copy.deepcopy(self.generator) if problem.average else None
        augment = problem.augment
        self._chance = Chance(augment, device) if augment and augment.adaptive else None
        records = None if self._chance or self._native else recorder(device)
        self._feed = Feed(problem, device, Masks(problem) if records else None)
        self._objectives = Objectives(problem, self.discriminator, self._chance)
        self._g_updater = _updater(problem.generator_optimizer, self.generator)
        self._d_updater = _updater(problem.discriminator_optimizer, self.discriminator)
        self._round = 0
        self._reuses = self.generator.repeats and not problem.fresh_noise
        self._recorded = Rounds(records) if records else None

    @fast
    def discriminator_step(self, batch: Batch, /) -> Tensor:
        """Update the discriminator alone, once."""
        step = self._feed.step(batch, last=False)
        with torch.no_grad():
            fake = self._fake(step, own=False)
        return self._move_discriminator(fake, step)

    @fast
    def generator_step(self, batch: Batch, /) -> Tensor:
        """Update the generator alone, once, and its average."""
        step = self._feed.step(batch, last=True)
        loss = self._move_generator(self._fake(step, own=True), step)
        self._end_round(step)
        return loss

    def place(self, images: NDArray[Any], labels: Labels | None, /) -> None:
        """Keep the data set on the device, uint8 images as they are."""
        self._feed.place(images, labels)

    @fast
    def train_block(self, block: Block, /) -> Array:
        """Run many rounds; the losses cross from the device once."""
        rounds = []
        for steps in self._feed.rounds(block):
            rounds.append(self._run_round(steps))
            self._end_round(steps[-1])
        losses = torch.stack([torch.stack(losses) for losses in rounds]).cpu().double().numpy()
        return np.stack([losses[:, :-1].mean(1), losses[:, -1]], axis=1)

    def state(self) -> State:
        """Return copies of everything that is needed to go on."""
        state = {name: to_array(tensor) for name, tensor in self._tensors().items()}
        state |= under("optimizer/generator", self._g_updater.state())
        state |= under("optimizer/discriminator", self._d_updater.state())
        state |= under("ada", self._chance.state()) if self._chance else {}
        return state | {"round": np.array(self._round, np.int64)}

    def load_state(self, state: State, /) -> None:
        """Go on from `state`, all or nothing."""
        check_state(state, self.state())
        for name, tensor in self._tensors().items():
            copy_into(tensor, state[name])
        self._g_updater.load_state(part(state, "optimizer/generator"))
        self._d_updater.load_state(part(state, "optimizer/discriminator"))
        if self._chance:
            self._chance.load_state(part(state, "ada"))
        self._round = int(state["round"])

    @property
    def _native(self) -> bool:
        return self.generator.native or self.discriminator.native

    def _tensors(self) -> dict[str, Tensor]:
        tensors = under("generator", self.generator.tensors())
        tensors |= under("discriminator", self.discriminator.tensors())
        return tensors | (under("average", self.average.tensors()) if self.average else {})

    def _run_round(self, steps: Sequence[Step]) -> list[Tensor]:
        if self._recorded:
            return self._recorded(self._train_round, steps)
        return self._train_round(steps)

    def _train_round(self, steps: Sequence[Step]) -> list[Tensor]:
        """Return each step's loss; G's last forward pass is reused where both share its noise."""
        *critic, last = steps
        losses = []
        for step in critic:
            shared = self._reuses and step is critic[-1]
            with nullcontext() if shared else torch.no_grad():
                fake = self._fake(step, own=shared)
            losses.append(self._move_discriminator(fake.detach(), step))
        if not self._reuses:
            fake = self._fake(last, own=True)
        return [*losses, self._move_generator(fake, last)]

    def _move_discriminator(self, fake: Tensor, step: Step) -> Tensor:
        loss, reals = self._objectives.of_discriminator(fake, step)
        with self._blamed(self.discriminator):
            self._d_updater.update(loss, part(step.rates, "discriminator"))
        if self._chance:
            self._chance.follow(reals)
        return loss.detach()

    def _move_generator(self, fake: Tensor, step: Step) -> Tensor:
        loss = self._objectives.of_generator(fake, step)
        with self._blamed(self.generator):
            self._g_updater.update(loss, part(step.rates, "generator"))
        return loss.detach()

    def _blamed(self, player: Player) -> AbstractContextManager[None]:
        """Let an error in the derivatives of native networks name the network that would move."""
        if not self._native:
            return nullcontext()
        return blamed(player.name, player.module, "when its loss was differentiated")

    def _end_round(self, last: Step) -> None:
        if self.average:
            _blend(self.average, self.generator, last.rates["average"])
        self._round += 1

    def _fake(self, step: Step, *, own: bool) -> Tensor:
        return self.generator.play(step.noise, step.labels, step.masking, own=own)


def _updater(optimizer: Optimizer, player: Player) -> Updater:
    return Updater(optimizer, player.parameters, native=player.native)


@torch.no_grad()
def _blend(average: Player, weights: Player, beta: float) -> None:
    """Move the average; running state, which is no weight, is copied."""
    moving = weights.parameters
    for name, tensor in average.tensors().items():
        if name in moving:
            tensor.lerp_(moving[name], 1 - beta)
        else:
            tensor.copy_(weights.tensors()[name])
