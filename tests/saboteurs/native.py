"""Saboteurs that treat native networks badly."""

import numpy as np
from gankit_numpy.networks import Inference

from tests.saboteurs.honest import HonestTrainer
from tests.saboteurs.saboteur import caught_by


@caught_by("test_native_update_changes_only_its_network")
class FreezesNativeNetworks(HonestTrainer):
    """Takes updates with native networks that move no weight."""

    def update_discriminator(self, batch):
        kept = {name: value.copy() for name, value in self._d.values.items()}
        loss = super().update_discriminator(batch)
        for name in kept if self.natives else ():
            self._d.values[name][...] = kept[name]
        return loss


@caught_by("test_native_update_changes_only_its_network")
class TrainsTheOtherNative(HonestTrainer):
    """Moves the native discriminator in the generator's update."""

    def update_generator(self, batch):
        if self.natives:
            self._d.values["1.kernel"] *= 0.99
        return super().update_generator(batch)


@caught_by("test_native_update_changes_only_its_network")
class WatchesEverything(HonestTrainer):
    """Moves a native discriminator's running mean in the generator's update too."""

    def update_generator(self, batch):
        if native := self.natives.get("discriminator"):
            native.watch(batch.real)
        return super().update_generator(batch)


@caught_by("test_native_update_changes_its_running_state")
class WatchesNothing(HonestTrainer):
    """Never moves running state."""

    def update_discriminator(self, batch):
        natives, self.natives = self.natives, {}
        loss = super().update_discriminator(batch)
        self.natives = natives
        return loss


@caught_by("test_native_calls_change_nothing")
class WatchesCalls(HonestTrainer):
    """Moves running state when a native network is called."""

    def __init__(self, problem):
        super().__init__(problem)
        if native := self.natives.get("generator"):
            self.generator = Watched(self.generator, native)


class Watched:
    """A native network whose calls move its running mean."""

    def __init__(self, honest, native):
        self.honest, self.native, self.weights = honest, native, honest.weights

    def __call__(self, inputs, labels=None):
        self.native.watch(inputs)
        return self.honest(inputs, labels)


@caught_by("test_native_calls_use_inference_mode")
class CentresNativeImages(HonestTrainer):
    """Takes the batch's mean off a native generator's images."""

    def __init__(self, problem):
        super().__init__(problem)
        if "generator" in self.natives:
            honest = self.generator
            self.generator = lambda noise: honest(noise) - honest(noise).mean(axis=0)


@caught_by("test_a_native_average_copies_running_state")
class AveragesNoRunningState(HonestTrainer):
    """Leaves the average's running state where it was."""

    def update_generator(self, batch):
        loss = super().update_generator(batch)
        if "average" in self.means:
            self.means["average"][...] = 0
        return loss


@caught_by("test_accepts_native_networks")
class ShowsItsOwnLayout(HonestTrainer):
    """Gives a native generator's images in its framework's layout, channels first."""

    def __init__(self, problem):
        super().__init__(problem)
        if "generator" in self.natives:
            honest = self.generator
            self.generator = lambda noise: np.moveaxis(honest(noise), 3, 1)


@caught_by("test_native_weights_are_not_portable")
class GivesNativeWeightsAway(HonestTrainer):
    """Gives a native network's weights, by names that mean nothing elsewhere."""

    def __init__(self, problem):
        super().__init__(problem)
        self.generator = Inference(self._g)


@caught_by("test_a_native_run_resumes")
class ForgetsRunningState(HonestTrainer):
    """Loads a native network's weights, and keeps the running state that it has."""

    def load_state(self, state):
        means = {f"{name}/mean": mean for name, mean in self.means.items()}
        super().load_state({**state, **means})
