"""The correct backend that the wrong ones change: the reference with blocks and native networks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from gankit_numpy.networks import Inference
from gankit_numpy.trainer import NumpyTrainer

from gankit.contract import CAPABILITIES, Backend, Problem
from gankit.errors import NotPortable
from gankit.export.safetensors_format import SAFETENSORS as ARRAYS
from gankit.layers import Dense, Dropout, Flatten, LeakyReLU, Reshape, Tanh
from gankit.training import alternate
from tests.wrong_backends.sockets import join


@dataclass(eq=False)
class Native:
    """A network of an invented framework: a spec, and a running mean of its training images."""

    spec: tuple
    mean: np.ndarray = field(default_factory=lambda: np.zeros((), np.float32))

    def watch(self, inputs):
        """Move the running mean."""
        self.mean += np.float32(0.1) * (inputs.mean(dtype=np.float32) - self.mean)


def native_pair():
    """Return a native generator and discriminator."""
    hidden = (Dense(16), LeakyReLU(0.2), Dropout(0.3))
    return (
        Native((*hidden, Dense(784), Tanh(), Reshape((28, 28, 1)))),
        Native((Flatten(), *hidden, Dense(1))),
    )


class CorrectTrainer(NumpyTrainer):
    """The reference, which also runs blocks and trains native networks.

    Of several processes, each computes the whole batch.

    Attributes
    ----------
    face
        What the core sees a network through.
    natives
        The native networks among the two, by player.
    means
        Their running means and that of a native generator's average.
    """

    face = Inference

    def __init__(self, problem: Problem) -> None:
        players = {name: getattr(problem, name) for name in ("generator", "discriminator")}
        self.natives = {name: net for name, net in players.items() if isinstance(net, Native)}
        specs = {name: native.spec for name, native in self.natives.items()}
        self.problem = replace(problem, **specs)
        super().__init__(self.problem)
        faces = {name: NativeFace if name in self.natives else self.face for name in players}
        position = self.problem.noise_position
        self.generator = faces["generator"](self._g, noise_position=position)
        self.discriminator = faces["discriminator"](self._d, self.problem)
        self.means = {name: native.mean for name, native in self.natives.items()}
        if self.average:
            self.average = faces["generator"](self.average.network, noise_position=position)
            if "generator" in self.means:
                self.means["average"] = self.means["generator"].copy()

    def update_discriminator(self, batch):
        """Update, then move the native discriminator's running mean."""
        self.problem.world.rows(len(batch.noise))
        loss = super().update_discriminator(batch)
        if native := self.natives.get("discriminator"):
            native.watch(batch.real)
        return loss

    def update_generator(self, batch):
        """Update, then move the native generator's running mean."""
        self.problem.world.rows(len(batch.noise))
        loss = super().update_generator(batch)
        if native := self.natives.get("generator"):
            native.watch(batch.noise)
        if "average" in self.means:
            self.means["average"][...] = self.means["generator"]
        return loss

    def place(self, images, labels, source=None):
        """Keep the data set."""
        self.images, self.labels, self.source = images, labels, source

    def train_block(self, block):
        """Run the block update by update."""
        return alternate(self, block.batches(self.problem, self.images, self.labels, self.source))

    def _values(self):
        means = {f"{name}/mean": mean for name, mean in self.means.items()}
        return super()._values() | means


class NativeFace(Inference):
    """A native network as the core sees it."""

    def weights(self):
        """Refuse: no other backend could take them."""
        raise NotPortable("a native network's weights stay in its framework")


CORRECT = Backend(
    name="correct",
    requires=(),
    build=CorrectTrainer,
    capabilities=CAPABILITIES,
    exports={"arrays": ARRAYS},
    join=join,
)
