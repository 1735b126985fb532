"""The trainer: the two updates, and blocks of them that keep all data on the device."""

from __future__ import annotations

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
    keep_freed_memory,
    strip_prefix,
)
from gankit.contract.dropout_masks import Masks
from gankit.contract.loss_columns import of_steps
from gankit.contract.native_checks import check_apart
from gankit.functional import Inputs, Objective, Tensors, with_terms
from gankit.terms import SIDES
from gankit_torch.batches import BatchLoader
from gankit_torch.cuda_graphs import GraphedSteps, recorder
from gankit_torch.devices import choose_device
from gankit_torch.followers import Followers
from gankit_torch.matmul import float32_products
from gankit_torch.native_call import name_in_errors
from gankit_torch.network_builder import build_network
from gankit_torch.networks import Network
from gankit_torch.operations import TorchOperations
from gankit_torch.side_updater import SideUpdater
from gankit_torch.sums import sums_of
from gankit_torch.tensors import copy_into, to_array
from gankit_torch.training_networks import TorchNetworks

LIVE: Tensors = {}
"""In place of weights: the networks use their own parameters."""


class TorchTrainer:
    """A generator and a discriminator in training, in PyTorch."""

    def __init__(self, problem: Problem) -> None:
        keep_freed_memory()
        device = choose_device(problem.device, problem.precision)
        self._networks = {name: build_network(problem, name, device) for name in problem.roles}
        self.generator, self.discriminator = (self._networks[side] for side in SIDES)
        check_apart(self.generator.parameters, self.discriminator.parameters)
        self.networks = {name: self._networks[name] for name in problem.networks}
        self.average = self.generator.copy() if problem.average else None
        self._problem = problem
        sums = sums_of(problem.world)
        # Sums over processes are not recorded: gloo's cannot be, and nccl's were not tried.
        stepwise = problem.followers or self._native or problem.world.size > 1
        graphs = None if stepwise else recorder(device)
        self._loader = BatchLoader(problem, device, Masks(problem) if graphs else None)
        ops = TorchOperations(problem.precision, str(device))
        ops.sums = sums
        networks = TorchNetworks(self._networks, sums, problem.values.repeated)
        self._objective = Objective(ops, problem, networks)
        self._followers = Followers(problem, ops, device)
        self._updaters = {side: SideUpdater(problem, side, self._networks, sums) for side in SIDES}
        self._step = 0
        self._graphed_steps = GraphedSteps(graphs) if graphs else None

    @float32_products
    def update_discriminator(self, batch: Batch, /) -> Tensor:
        """Update the discriminator alone, once."""
        tensors = self._loader.batch(batch, last=False)
        return self._update_discriminator(self._constants(tensors), tensors)

    @float32_products
    def update_generator(self, batch: Batch, /) -> Tensor:
        """Update the generator alone, once, and its average."""
        tensors = self._loader.batch(batch, last=True)
        loss = self._update_generator(self._generate(tensors), tensors)
        self._end_step(tensors)
        return loss

    def place(
        self, images: NDArray[Any], labels: Labels | None, source: NDArray[Any] | None = None, /
    ) -> None:
        """Store the data set on the device, uint8 images unconverted."""
        self._loader.place(images, labels, source)

    @float32_products
    def train_block(self, block: Block, /) -> Array:
        """Run many steps; the losses are copied from the device once."""
        steps = []
        for batches in self._loader.steps(block):
            steps.append(self._run_step(batches))
            self._end_step(batches[-1])
        rows = torch.stack([torch.hstack(losses) for losses in steps]).cpu().double().numpy()
        *critics, last = steps[0]
        critic_rows, last_rows = np.split(rows, [-last.numel()], axis=1)
        return of_steps(critic_rows.reshape(len(rows), len(critics), -1), last_rows)

    def state(self) -> State:
        """Return copies of everything that is needed to resume."""
        state = {name: to_array(tensor) for name, tensor in self._tensors().items()}
        for updater in self._updaters.values():
            state |= add_prefix("optimizer", updater.state())
        return state | self._followers.state() | {"step": np.array(self._step, np.int64)}

    def load_state(self, state: State, /) -> None:
        """Resume from `state`, all or nothing."""
        check_state(state, self.state())
        for name, tensor in self._tensors().items():
            copy_into(tensor, state[name])
        for updater in self._updaters.values():
            updater.load_state(strip_prefix(state, "optimizer"))
        self._followers.load_state(state)
        self._step = int(state["step"])

    @property
    def _native(self) -> bool:
        return self.generator.native or self.discriminator.native

    def _tensors(self) -> dict[str, Tensor]:
        tensors: dict[str, Tensor] = {}
        for name, network in self._networks.items():
            tensors |= add_prefix(name, network.tensors())
        return tensors | (add_prefix("average", self.average.tensors()) if self.average else {})

    def _run_step(self, batches: Sequence[Inputs]) -> list[Tensor]:
        if self._graphed_steps:
            return self._graphed_steps(self._train_step, batches)
        return self._train_step(batches)

    def _train_step(self, batches: Sequence[Inputs]) -> list[Tensor]:
        """Return each update's loss; the last two updates share generated images if they can."""
        *discriminator_batches, generator_batch = batches
        losses, generated = [], None
        for batch in discriminator_batches:
            if self._problem.shares_generated and batch is discriminator_batches[-1]:
                generated = self._generate(batch)
                made = {name: value.detach() for name, value in generated[0].items()}
            else:
                made = self._constants(batch)
            losses.append(self._update_discriminator(made, batch))
        generated = generated or self._generate(generator_batch)
        return [*losses, self._update_generator(generated, generator_batch)]

    def _update_discriminator(self, made: Tensors, batch: Inputs) -> Tensor:
        batch = batch._replace(followers=self._followers.scalars)
        # Penalties come first: the adversarial pass moves the running state that they use.
        penalties = [
            self._objective.penalty(number, LIVE, made, batch)
            for number in self._problem.separate_penalties
            if batch.scalars[f"penalty/{number}"]
        ]
        loss, extra = self._objective.discriminator(LIVE, made, batch)
        real_logits, fake_logits, _, terms = extra
        for penalty in penalties:
            loss = loss + penalty
        with self._name_in_errors(self.discriminator):
            self._updaters["discriminator"].update(loss, batch.scalars)
        self._followers.move(real_logits, fake_logits)
        return self._made(loss, (*terms, *self._followers.logged(loss)))

    def _update_generator(self, generated: tuple[Tensors, Tensors], batch: Inputs) -> Tensor:
        batch, (made, running) = batch._replace(followers=self._followers.scalars), generated
        loss, terms = self._objective.generator(LIVE, made, batch)
        with self._name_in_errors(self.generator):
            self._updaters["generator"].update(loss, batch.scalars)
        for name in self._problem.networks_of("generator"):
            self._networks[name].move(strip_prefix(running, name))
        return self._made(loss, terms)

    def _made(self, loss: Tensor, terms: tuple[Tensor, ...]) -> Tensor:
        """Return what an update returns, without a graph."""
        made: Tensor = with_terms(self._objective.ops, loss, terms)
        return made.detach()

    def _name_in_errors(self, network: Network) -> AbstractContextManager[None]:
        """Make errors in the derivatives of native networks name the network that is updated."""
        if not self._native:
            return nullcontext()
        return name_in_errors(network.name, network.module, "when its loss was differentiated")

    def _end_step(self, batch: Inputs) -> None:
        if self.average:
            _update_average(self.average, self.generator, batch.scalars["average"])
        self._step += 1

    def _generate(self, batch: Inputs) -> tuple[Tensors, Tensors]:
        """Return the values of the generator's update, and running state that is not written."""
        return self._objective.generate(LIVE, batch, "generator", moving=True)

    @torch.no_grad()
    def _constants(self, batch: Inputs) -> Tensors:
        """Return the values of the discriminator's update."""
        return self._objective.generate(LIVE, batch, "discriminator")[0]


@torch.no_grad()
def _update_average(average: Network, generator: Network, beta: float) -> None:
    """Update the averaged weights; copy running state."""
    weights = generator.parameters
    for name, tensor in average.tensors().items():
        if name in weights:
            tensor.lerp_(weights[name], 1 - beta)
        else:
            tensor.copy_(generator.tensors()[name])
