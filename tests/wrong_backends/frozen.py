"""Backends that train frozen layers, or freeze too much."""

from dataclasses import replace

from gankit_numpy.networks import copy_into

from gankit.layers import is_running
from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.wrong_backend import caught_by

STAY = "test_frozen_weights_stay_as_they_are"


@caught_by(STAY, "test_training_with_frozen_layers_matches_the_reference")
class IgnoresFrozenLayers(CorrectTrainer):
    """Trains every layer, whatever is frozen."""

    def __init__(self, problem):
        super().__init__(replace(problem, freeze=()))


@caught_by(STAY)
class ClipsFrozenWeights(CorrectTrainer):
    """Clips the weights of frozen layers too."""

    def update_discriminator(self, batch):
        loss = super().update_discriminator(batch)
        most = self.problem.discriminator_optimizer.clip
        for name, value in self._d.values.items() if most and self.problem.freeze else ():
            if not is_running(name):
                value.clip(-most, most, out=value)
        return loss


@caught_by(STAY)
class AveragesFrozenWeights(CorrectTrainer):
    """Averages the weights of frozen layers, where the average copies them."""

    def update_generator(self, batch):
        before = dict(self.average.weights()) if self.average else {}
        loss = super().update_generator(batch)
        for name, old in before.items():
            value = self.average.network.values[name]
            if name not in self._g.trained and not is_running(name):
                value += batch.scalars["average"] * (old - value)
        return loss


@caught_by(STAY, "test_a_block_with_frozen_layers_equals_its_updates")
class TrainsFrozenLayersInBlocks(CorrectTrainer):
    """Changes the weights of frozen layers in a block."""

    def train_block(self, block):
        losses = super().train_block(block)
        values = self._g.values
        for name in values.keys() - self._g.trained:
            if not is_running(name):
                values[name] += 1e-3
        return losses


@caught_by("test_running_state_of_frozen_layers_changes")
class FreezesRunningState(CorrectTrainer):
    """Keeps the running state of frozen layers."""

    def update_generator(self, batch):
        return self._frozen_with(self._g, super().update_generator, batch)

    def update_discriminator(self, batch):
        return self._frozen_with(self._d, super().update_discriminator, batch)

    def _frozen_with(self, network, update, batch):
        trained = {name.partition(".")[0] for name in network.trained}
        running = {name: value for name, value in network.values.items() if is_running(name)}
        frozen = {n: v for n, v in running.items() if n.partition(".")[0] not in trained}
        before = {name: value.copy() for name, value in frozen.items()}
        loss = update(batch)
        copy_into(frozen, before)
        return loss


@caught_by(STAY)
class KeepsMomentsOfFrozenWeights(CorrectTrainer):
    """Has moments of frozen weights in its state."""

    def state(self):
        moments = {
            f"optimizer/generator/m/{name}": value * 0
            for name, value in self._g.values.items()
            if name not in self._g.trained and not is_running(name)
        }
        return moments | super().state()

    def load_state(self, state):
        own = super().state()
        super().load_state({name: array for name, array in state.items() if name in own})


@caught_by("test_resumes_with_frozen_layers")
class LosesRunningState(CorrectTrainer):
    """Saves the first running state of a problem with frozen layers, not the present one."""

    def state(self):
        first = self.problem.initial_state() if self.problem.freeze else {}
        return super().state() | {name: a for name, a in first.items() if is_running(name)}
