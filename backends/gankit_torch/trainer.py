"""The trainer: the two updates, and blocks of them that keep all data on the device."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gankit.contract import (
    Array,
    Batch,
    Block,
    Labels,
    Problem,
    State,
    add_prefix,
    check_state,
    strip_prefix,
)
from gankit.contract.dropout_masks import Masks
from gankit.contract.random_streams import Role
from gankit.optimizers import Optimizer
from gankit_torch.building import player
from gankit_torch.calling import blamed
from gankit_torch.chances import Chance
from gankit_torch.devices import chosen
from gankit_torch.feeds import Feed, Update
from gankit_torch.graphs import Steps, recorder
from gankit_torch.networks import Player
from gankit_torch.objectives import Objectives
from gankit_torch.optimizers import Updater
from gankit_torch.products import fast
from gankit_torch.tensors import copy_into, to_array


class TorchTrainer:
    """A generator and a discriminator in training, in PyTorch."""

    def __init__(self, problem: Problem) -> None:
        device = chosen(problem.device, problem.precision)
        self.generator = player(problem, Role.GENERATOR, device)
        self.discriminator = player(problem, Role.DISCRIMINATOR, device)
        self.average = copy.deepcopy(self.generator) if problem.average else None
        augment = problem.augment
        self._chance = Chance(augment, device) if augment and augment.adaptive else None
        records = None if self._chance or self._native else recorder(device)
        self._feed = Feed(problem, device, Masks(problem) if records else None)
        self._objectives = Objectives(problem, self.discriminator, self._chance)
        self._g_updater = _updater(problem.generator_optimizer, self.generator)
        self._d_updater = _updater(problem.discriminator_optimizer, self.discriminator)
        self._step = 0
        self._reuses = self.generator.repeats and not problem.fresh_noise
        self._recorded = Steps(records) if records else None

    @fast
    def update_discriminator(self, batch: Batch, /) -> Tensor:
        """Update the discriminator alone, once."""
        update = self._feed.update(batch, last=False)
        with torch.no_grad():
            fake = self._fake(update, own=False)
        return self._move_discriminator(fake, update)

    @fast
    def update_generator(self, batch: Batch, /) -> Tensor:
        """Update the generator alone, once, and its average."""
        update = self._feed.update(batch, last=True)
        loss = self._move_generator(self._fake(update, own=True), update)
        self._end_step(update)
        return loss

    def place(self, images: NDArray[Any], labels: Labels | None, /) -> None:
        """Store the data set on the device, uint8 images unconverted."""
        self._feed.place(images, labels)

    @fast
    def train_block(self, block: Block, /) -> Array:
        """Run many steps; the losses are copied from the device once."""
        steps = []
        for updates in self._feed.steps(block):
            steps.append(self._run_step(updates))
            self._end_step(updates[-1])
        losses = torch.stack([torch.stack(losses) for losses in steps]).cpu().double().numpy()
        return np.stack([losses[:, :-1].mean(1), losses[:, -1]], axis=1)

    def state(self) -> State:
        """Return copies of everything that is needed to resume."""
        state = {name: to_array(tensor) for name, tensor in self._tensors().items()}
        state |= add_prefix("optimizer/generator", self._g_updater.state())
        state |= add_prefix("optimizer/discriminator", self._d_updater.state())
        state |= add_prefix("ada", self._chance.state()) if self._chance else {}
        return state | {"step": np.array(self._step, np.int64)}

    def load_state(self, state: State, /) -> None:
        """Resume from `state`, all or nothing."""
        check_state(state, self.state())
        for name, tensor in self._tensors().items():
            copy_into(tensor, state[name])
        self._g_updater.load_state(strip_prefix(state, "optimizer/generator"))
        self._d_updater.load_state(strip_prefix(state, "optimizer/discriminator"))
        if self._chance:
            self._chance.load_state(strip_prefix(state, "ada"))
        self._step = int(state["step"])

    @property
    def _native(self) -> bool:
        return self.generator.native or self.discriminator.native

    def _tensors(self) -> dict[str, Tensor]:
        tensors = add_prefix("generator", self.generator.tensors())
        tensors |= add_prefix("discriminator", self.discriminator.tensors())
        return tensors | (add_prefix("average", self.average.tensors()) if self.average else {})

    def _run_step(self, updates: Sequence[Update]) -> list[Tensor]:
        if self._recorded:
            return self._recorded(self._train_step, updates)
        return self._train_step(updates)

    def _train_step(self, updates: Sequence[Update]) -> list[Tensor]:
        """Return each update's loss; reuse G's last forward pass if both updates share noise."""
        *critic, last = updates
        losses = []
        for update in critic:
            shared = self._reuses and update is critic[-1]
            with nullcontext() if shared else torch.no_grad():
                fake = self._fake(update, own=shared)
            losses.append(self._move_discriminator(fake.detach(), update))
        if not self._reuses:
            fake = self._fake(last, own=True)
        return [*losses, self._move_generator(fake, last)]

    def _move_discriminator(self, fake: Tensor, update: Update) -> Tensor:
        loss, reals = self._objectives.of_discriminator(fake, update)
        with self._blamed(self.discriminator):
            self._d_updater.update(loss, strip_prefix(update.scalars, "discriminator"))
        if self._chance:
            self._chance.follow(reals)
        return loss.detach()

    def _move_generator(self, fake: Tensor, update: Update) -> Tensor:
        loss = self._objectives.of_generator(fake, update)
        with self._blamed(self.generator):
            self._g_updater.update(loss, strip_prefix(update.scalars, "generator"))
        return loss.detach()

    def _blamed(self, player: Player) -> AbstractContextManager[None]:
        """Make errors in the derivatives of native networks name the network that is updated."""
        if not self._native:
            return nullcontext()
        return blamed(player.name, player.module, "when its loss was differentiated")

    def _end_step(self, last: Update) -> None:
        if self.average:
            _blend(self.average, self.generator, last.scalars["average"])
        self._step += 1

    def _fake(self, update: Update, *, own: bool) -> Tensor:
        return self.generator.play(update.noise, update.labels, update.masking, own=own)


def _updater(optimizer: Optimizer, player: Player) -> Updater:
    return Updater(optimizer, player.parameters, native=player.native)


@torch.no_grad()
def _blend(average: Player, weights: Player, beta: float) -> None:
    """Update the average; copy running state."""
    moving = weights.parameters
    for name, tensor in average.tensors().items():
        if name in moving:
            tensor.lerp_(moving[name], 1 - beta)
        else:
            tensor.copy_(weights.tensors()[name])
