"""The trainer: the state on the device, and the compiled functions that move it."""

import jax
import numpy as np
from gankit.contract import add_prefix, check_labels, check_state, strip_prefix
from gankit.contract.dropout_masks import Masks
from gankit.errors import ConfigError
from gankit.layers import uses_labels

from gankit_jax.game import Game, Update
from gankit_jax.layers import Pass

CHUNK = 4
"""Steps in one scan; what is left of a block goes one by one, so that two are compiled."""


class Trainer:
    """A generator and a discriminator in training."""

    def __init__(self, problem):
        jax.config.update("jax_enable_x64", True)  # Or float64 would be float32, in silence.
        self.problem, self.masks, self.device = problem, Masks(problem), _device(problem.device)
        self.values = jax.device_put(problem.initial_state(), self.device)
        self.generator = Network(self, "generator", problem.generator)
        self.discriminator = Network(self, "discriminator", problem.discriminator)
        self.average = Network(self, "average", problem.generator) if problem.average else None
        game = Game(problem)
        updates = game.update_discriminator, game.update_generator, game.block
        self.d_update, self.g_update, self.steps = (jax.jit(f, donate_argnums=0) for f in updates)

    def update_discriminator(self, batch):
        """Update the discriminator alone, once."""
        self.values, loss = self.d_update(self.values, self._update(batch, last=False))
        return loss

    def update_generator(self, batch):
        """Update the generator alone, once, and its average."""
        self.values, loss = self.g_update(self.values, self._update(batch, last=True))
        return loss

    def place(self, images, labels):
        """Keep the data set on the device, uint8 images as they are."""
        images = np.asarray(images)  # They may lie in a file.
        images = images if images.dtype == np.uint8 else self.problem.scale(images)
        self.data = jax.device_put((images, labels), self.device)

    def train_block(self, block):
        """Run many steps; while the device is at some, the host draws for the next."""
        losses, start = [], 0
        while start < len(block):
            stop = start + (CHUNK if len(block) - start >= CHUNK else 1)
            updates = self._updates(block, start, stop)
            self.values, made = self.steps(self.values, self.data, *updates)
            losses.append(made)
            start = stop
        critic, last = (np.concatenate(each) for each in zip(*losses, strict=True))
        return np.stack([critic.mean(1, dtype=np.float64), last], axis=1)

    def state(self):
        """Return copies of everything that is needed to go on."""
        return _copied(self.values)

    def load_state(self, state):
        """Go on from a copy of `state`, all or nothing."""
        check_state(state, self.values)
        copies = {name: np.array(a, self.values[name].dtype) for name, a in state.items()}
        self.values |= jax.device_put(copies, self.device)

    def _update(self, batch, *, last):
        real = batch.real if self.problem.loss.paired or not last else None
        masks = self.masks(batch.key, len(batch.noise), last=last)
        return Update(real, batch.noise, batch.labels, batch.random, batch.scalars, masks)

    def _updates(self, block, start, stop):
        """Return a block's updates, the discriminator's `(K, S - 1, ...)` and the generator's `(K, ...)`.

        Their real images are indices.
        """
        batch, masks = block.index.shape[2], [[], []]
        for *critic, last in map(block.keys, range(start, stop)):
            masks[0].append(_stacked([self.masks(key, batch, last=False) for key in critic]))
            masks[1].append(self.masks(last, batch, last=True))
        whole = Update(block.index, block.noise, None, block.random, block.scalars, {})
        parts = (jax.tree.map(lambda a, s=s: a[start:stop, s], whole) for s in (slice(-1), -1))
        return [p._replace(masks=_stacked(m)) for p, m in zip(parts, masks, strict=True)]


class Network:
    """One of a trainer's networks, in inference mode."""

    def __init__(self, trainer, name, spec):
        self.trainer, self.name = trainer, name
        self.classes = trainer.problem.classes if uses_labels(spec) else 0
        self.run = jax.jit(lambda arrays, x, labels: Pass(arrays, labels).run(spec, x))

    def __call__(self, inputs, labels=None):
        """Return `(n, height, width, channels)` images, or `(n,)` logits."""
        if self.classes:
            check_labels(labels, len(inputs), self.classes)
        x = np.asarray(inputs, self.trainer.problem.precision)
        made = np.array(self.run(self._values, x, labels if self.classes else None))
        return made[:, 0] if self.name == "discriminator" else made

    def weights(self):
        """Return copies of weights and running state."""
        return _copied(self._values)

    def load_weights(self, weights):
        """Take copies of weights and running state, all or nothing."""
        check_state(weights, self._values)
        self.trainer.load_state(self.trainer.values | add_prefix(self.name, weights))

    @property
    def _values(self):
        return strip_prefix(self.trainer.values, self.name)


def _copied(arrays):
    return {name: np.array(array) for name, array in arrays.items()}


def _stacked(trees):
    return jax.tree.map(lambda *leaves: np.stack(leaves), *trees)


def _device(name):
    """Return the device called "cpu" or "gpu:1"; "auto" is the one that JAX prefers."""
    platform, _, number = name.partition(":")
    try:
        if not platform or (place := int(number or 0)) < 0:
            raise ValueError("give cpu, gpu:0 or the like")
        return jax.devices(None if name == "auto" else platform)[place]
    except (RuntimeError, IndexError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"unknown device {name!r} for jax: {reason}") from None
