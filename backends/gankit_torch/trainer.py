"""The trainer: the two steps, and blocks of them that leave everything on the device."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gankit.backend import Array, Batch, Block, Labels, Problem, State
from gankit.errors import ConfigError
from gankit.randomness import Key, Site
from gankit.state import check_state, part, under
from gankit_torch.networks import Player, player
from gankit_torch.ops import Ops
from gankit_torch.optimizers import Updater
from gankit_torch.tensors import copy_into, to_array

Rates = Mapping[str, float]


class TorchTrainer:
    """A generator and a discriminator in training, in PyTorch."""

    def __init__(self, problem: Problem) -> None:
        device = _device(problem.device)
        self.generator = player(problem, Site.GENERATOR, device)
        self.discriminator = player(problem, Site.DISCRIMINATOR, device)
        self.average = copy.deepcopy(self.generator) if problem.average else None
        self._loss, self._ops = problem.loss, Ops()
        self._g_updater = Updater(problem.generator_optimizer, self.generator.parameters)
        self._d_updater = Updater(problem.discriminator_optimizer, self.discriminator.parameters)
        self._round = 0
        self._pixels = self.generator.tensor(problem.pixels)
        self._images = torch.empty(0)
        self._reuses = self.generator.repeats and not problem.fresh_noise

    def discriminator_step(self, batch: Batch, /) -> Tensor:
        """Update the discriminator alone, once."""
        with torch.no_grad():
            fake = self._fake(batch.noise, batch.key, own=False)
        real = self.discriminator.tensor(batch.real)
        return self._move_discriminator(fake, real, batch.key, batch.rates)

    def generator_step(self, batch: Batch, /) -> Tensor:
        """Update the generator alone, once, and its average."""
        fake = self._fake(batch.noise, batch.key, own=True)
        real = self.discriminator.tensor(batch.real) if self._loss.paired else None
        return self._move_generator(fake, real, batch.key, batch.rates)

    def place(self, images: NDArray[Any], _labels: Labels | None, /) -> None:
        """Keep the images on the device, uint8 ones as they are."""
        self._images = torch.from_numpy(np.ascontiguousarray(images)).to(self.generator.device)

    def train_block(self, block: Block, /) -> Array:
        """Run many rounds; the losses cross from the device once."""
        losses = [self._train_round(block, r) for r in range(len(block))]
        return np.asarray(torch.stack(losses).double().cpu().numpy())

    def state(self) -> State:
        """Return copies of everything that is needed to go on."""
        state = {name: to_array(tensor) for name, tensor in self._tensors().items()}
        state |= under("optimizer/generator", self._g_updater.state())
        state |= under("optimizer/discriminator", self._d_updater.state())
        return state | {"round": np.array(self._round, np.int64)}

    def load_state(self, state: State, /) -> None:
        """Go on from `state`, all or nothing."""
        check_state(state, self.state())
        for name, tensor in self._tensors().items():
            copy_into(tensor, state[name])
        self._g_updater.load_state(part(state, "optimizer/generator"))
        self._d_updater.load_state(part(state, "optimizer/discriminator"))
        self._round = int(state["round"])

    def _tensors(self) -> dict[str, Tensor]:
        tensors = under("generator", self.generator.tensors())
        tensors |= under("discriminator", self.discriminator.tensors())
        return tensors | (under("average", self.average.tensors()) if self.average else {})

    def _train_round(self, block: Block, r: int) -> Tensor:
        """Run round `r`, reusing G's last forward pass where both steps share its noise."""
        losses = []
        for s, key in enumerate(block.keys(r)[:-1]):
            with nullcontext() if self._reuses else torch.no_grad():
                fake = self._fake(block.noise[r, s], key, own=False)
            real = self._look_up(block.index[r, s])
            losses.append(self._move_discriminator(fake.detach(), real, key, _rates(block, r, s)))
        key = block.keys(r)[-1]
        if not self._reuses:
            fake = self._fake(block.noise[r, -1], key, own=True)
        paired = self._look_up(block.index[r, -1]) if self._loss.paired else None
        loss = self._move_generator(fake, paired, key, _rates(block, r, -1))
        return torch.stack([torch.stack(losses).mean(), loss])

    def _move_discriminator(self, fake: Tensor, real: Tensor, key: Key, rates: Rates) -> Tensor:
        logits = self.discriminator.play(torch.cat([fake, real]), key, own=True)
        loss: Tensor = self._loss.discriminator(self._ops, logits[len(fake) :], logits[: len(fake)])
        self._d_updater.update(loss, rates["discriminator/learning_rate"])
        return loss.detach()

    def _move_generator(self, fake: Tensor, real: Tensor | None, key: Key, rates: Rates) -> Tensor:
        joined = fake if real is None else torch.cat([fake, real])
        logits = self.discriminator.play(joined, key, own=False)
        reals = None if real is None else logits[len(fake) :]
        loss: Tensor = self._loss.generator(self._ops, reals, logits[: len(fake)])
        self._g_updater.update(loss, rates["generator/learning_rate"])
        if self.average:
            _blend(self.average, self.generator, rates["average"])
        self._round += 1
        return loss.detach()

    def _fake(self, noise: Array, key: Key, *, own: bool) -> Tensor:
        return self.generator.play(self.generator.tensor(noise), key, own=own)

    def _look_up(self, index: NDArray[np.int64]) -> Tensor:
        images = self._images[torch.from_numpy(index).to(self._images.device)]
        if images.dtype == torch.uint8:
            return self._pixels[images.int()]
        return images.to(self._pixels.dtype)


def _rates(block: Block, r: int, s: int) -> Rates:
    return {name: float(rate[r, s]) for name, rate in block.rates.items()}


@torch.no_grad()
def _blend(average: Player, weights: Player, beta: float) -> None:
    """Move the average; running state, which is no weight, is copied."""
    moving = weights.parameters
    for name, tensor in average.tensors().items():
        if name in moving:
            tensor.lerp_(moving[name], 1 - beta)
        else:
            tensor.copy_(weights.tensors()[name])


def _device(name: str) -> torch.device:
    """Return the device called `name`; "auto" is a CUDA device where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"unknown device {name!r} for torch: {reason}") from None
    return device
