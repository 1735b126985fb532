"""The trainer: the state on the device, and the compiled functions that move it."""

import jax
import numpy as np
from gankit import layers
from gankit.errors import ConfigError
from gankit.problem import check_labels
from gankit.state import check_state, part, under

from gankit_jax import optimizers
from gankit_jax.game import Game
from gankit_jax.inputs import Drawer
from gankit_jax.layers import Pass

CHUNK = 4
"""Rounds in one scan; what is left of a block goes one by one, so that two are compiled."""


class Trainer:
    """A generator and a discriminator in training."""

    def __init__(self, problem):
        jax.config.update(
            "jax_enable_x64", True
        )  # Or float64 would be float32, in silence.
        self.problem, self.drawer, self.device = (
            problem,
            Drawer(problem),
            _device(problem.device),
        )
        self.values = jax.device_put(_first(problem), self.device)
        self.generator = Network(self, "generator", problem.generator)
        self.discriminator = Network(self, "discriminator", problem.discriminator)
        self.average = (
            Network(self, "average", problem.generator) if problem.average else None
        )
        game = Game(problem)
        steps = game.discriminator_step, game.generator_step, game.block
        self.d_step, self.g_step, self.rounds = (
            jax.jit(f, donate_argnums=0) for f in steps
        )

    def discriminator_step(self, batch):
        """Update the discriminator alone, once."""
        self.values, loss = self.d_step(
            self.values, self.drawer.step(batch, last=False)
        )
        return loss

    def generator_step(self, batch):
        """Update the generator alone, once, and its average."""
        self.values, loss = self.g_step(self.values, self.drawer.step(batch, last=True))
        return loss

    def place(self, images, labels):
        """Keep the data set on the device, uint8 images as they are."""
        self.data = jax.device_put((images, labels), self.device)

    def train_block(self, block):
        """Run many rounds; while the device is at some, the host draws for the next."""
        losses, start = [], 0
        while start < len(block):
            stop = start + (CHUNK if len(block) - start >= CHUNK else 1)
            critic, last = self.drawer.steps(block, start, stop)
            self.values, made = self.rounds(self.values, self.data, critic, last)
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
        copies = {
            name: np.array(a, self.values[name].dtype) for name, a in state.items()
        }
        self.values |= jax.device_put(copies, self.device)


class Network:
    """One of a trainer's networks, in inference mode."""

    def __init__(self, trainer, name, spec):
        self.trainer, self.name = trainer, name
        self.classes = trainer.problem.classes if layers.uses_labels(spec) else 0
        self.run = jax.jit(lambda arrays, x, labels: Pass(arrays, labels).run(spec, x))

    def __call__(self, inputs, labels=None):
        """Return `(n, height, width, channels)` images, or `(n,)` logits."""
        made = self._infer(inputs, labels)
        return made[:, 0] if self.name == "discriminator" else made

    def classify(self, images):
        """Return the `(n, classes)` logits of an auxiliary classifier."""
        return self._infer(images, None)[:, 1:]

    def weights(self):
        """Return copies of weights and running state."""
        return _copied(self._values)

    def load_weights(self, weights):
        """Take copies of weights and running state, all or nothing."""
        check_state(weights, self._values)
        self.trainer.load_state(self.trainer.values | under(self.name, weights))

    @property
    def _values(self):
        return part(self.trainer.values, self.name)

    def _infer(self, inputs, labels):
        if self.classes:
            check_labels(labels, len(inputs), self.classes)
        x = np.asarray(inputs, self.trainer.problem.precision)
        return np.array(self.run(self._values, x, labels if self.classes else None))


def _first(problem):
    """Return the state in which a run begins, as NumPy arrays."""
    values = problem.initial_weights()
    average = {name: w.copy() for name, w in part(values, "generator").items()}
    for player in ("generator", "discriminator"):
        weights = {
            n: w for n, w in part(values, player).items() if not layers.is_running(n)
        }
        kept = optimizers.first(getattr(problem, f"{player}_optimizer"), weights)
        values |= under(f"optimizer/{player}", kept)
    if problem.average:
        values |= under("average", average)
    if problem.augment and problem.augment.adaptive:
        values |= {
            "ada/p": np.zeros(()),
            "ada/signs": np.zeros(()),
            "ada/steps": np.array(0),
        }
    return values | {"round": np.array(0)}


def _copied(arrays):
    return {name: np.array(array) for name, array in arrays.items()}


def _device(name):
    """Return the device called "cpu" or "gpu:1"; "auto" is the one that JAX prefers."""
    platform, _, number = name.partition(":")
    try:
        return jax.devices(None if name == "auto" else platform)[int(number or 0)]
    except (RuntimeError, IndexError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"unknown device {name!r} for jax: {reason}") from None
