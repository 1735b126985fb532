"""Backends that train native networks wrongly."""

import numpy as np
from gankit_numpy.networks import Inference

from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.wrong_backend import caught_by


@caught_by("test_native_update_changes_only_its_network")
class FreezesNativeNetworks(CorrectTrainer):
    """Changes no weight of a native network."""

    def update_discriminator(self, batch):
        kept = {name: value.copy() for name, value in self._d.values.items()}
        loss = super().update_discriminator(batch)
        for name in kept if self.natives else ():
            self._d.values[name][...] = kept[name]
        return loss


@caught_by("test_native_update_changes_only_its_network")
class TrainsTheOtherNative(CorrectTrainer):
    """Changes the native discriminator in the generator's update."""

    def update_generator(self, batch):
        if self.natives:
            self._d.values["1.kernel"] *= 0.99
        return super().update_generator(batch)


@caught_by("test_native_update_changes_only_its_network")
class ChangesRunningStateOfTheOther(CorrectTrainer):
    """Changes a native discriminator's running mean in the generator's update, too."""

    def update_generator(self, batch):
        if native := self.natives.get("discriminator"):
            native.watch(batch.real)
        return super().update_generator(batch)


@caught_by("test_native_update_changes_its_running_state")
class NeverChangesRunningState(CorrectTrainer):
    """Never changes running state."""

    def update_discriminator(self, batch):
        natives, self.natives = self.natives, {}
        loss = super().update_discriminator(batch)
        self.natives = natives
        return loss


@caught_by("test_native_calls_change_nothing")
class ChangesRunningStateInCalls(CorrectTrainer):
    """Changes running state when a native network is called."""

    def __init__(self, problem):
        super().__init__(problem)
        if native := self.natives.get("generator"):
            self.generator = Watched(self.generator, native)


class Watched:
    """A native network whose calls change its running mean."""

    def __init__(self, original, native):
        self.original, self.native, self.weights = original, native, original.weights

    def __call__(self, inputs, labels=None):
        self.native.watch(inputs)
        return self.original(inputs, labels)


@caught_by("test_native_calls_use_inference_mode")
class CentresNativeImages(CorrectTrainer):
    """Subtracts the batch's mean from a native generator's images."""

    def __init__(self, problem):
        super().__init__(problem)
        if "generator" in self.natives:
            original = self.generator
            self.generator = lambda noise: original(noise) - original(noise).mean(axis=0)


@caught_by("test_a_native_average_copies_running_state")
class AveragesNoRunningState(CorrectTrainer):
    """Never updates the average's running state."""

    def update_generator(self, batch):
        loss = super().update_generator(batch)
        if "average" in self.means:
            self.means["average"][...] = 0
        return loss


@caught_by("test_accepts_native_networks")
class ReturnsChannelsFirst(CorrectTrainer):
    """Returns a native generator's images with the channels first."""

    def __init__(self, problem):
        super().__init__(problem)
        if "generator" in self.natives:
            original = self.generator
            self.generator = lambda noise: np.moveaxis(original(noise), 3, 1)


@caught_by("test_native_weights_are_not_portable")
class ReturnsNativeWeights(CorrectTrainer):
    """Returns a native network's weights by names that no other backend has."""

    def __init__(self, problem):
        super().__init__(problem)
        self.generator = Inference(self._g)


@caught_by("test_a_native_run_resumes", "test_a_native_run_resumes_from_its_folder")
class ForgetsRunningState(CorrectTrainer):
    """Loads a native network's weights and not its running state."""

    def load_state(self, state):
        means = {f"{name}/mean": mean for name, mean in self.means.items()}
        super().load_state({**state, **means})
