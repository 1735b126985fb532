"""Backends whose weight average is wrong."""

from dataclasses import replace

from gankit_numpy.networks import copy_into

from gankit.optimizers import Average
from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.wrong_backend import caught_by


@caught_by("test_has_an_average_only_if_requested")
class BuildsAnUnrequestedAverage(CorrectTrainer):
    """Builds an average that the problem does not request."""

    def __init__(self, problem):
        super().__init__(replace(problem, average=problem.average or Average(100)))


class Averaging(CorrectTrainer):
    """A trainer that meddles with its average, if it has one, before and after a step."""

    def update_generator(self, batch):
        old = self.average.weights() if self.average else {}
        loss = super().update_generator(batch)
        if self.average:
            copy_into(self.average.network.values, self.averaged(old, batch.scalars["average"]))
        return loss

    def averaged(self, old, beta):
        raise NotImplementedError


@caught_by("test_average_starts_as_the_generator")
class AveragesFromZero(CorrectTrainer):
    """Starts with an average of zeros."""

    def __init__(self, problem):
        super().__init__(problem)
        if self.average:
            self.average.network.values["0.kernel"][...] = 0


@caught_by("test_averages_with_the_beta_of_the_batch")
class SwapsTheShares(Averaging):
    """Swaps the shares of the old average and the new weights."""

    def averaged(self, old, beta):
        new = self._g.values
        return {name: (1 - beta) * old[name] + beta * new[name] for name in old}


@caught_by("test_averages_with_the_beta_of_the_batch")
class AveragesAtAFixedRate(Averaging):
    """Averages with 0.99, whatever the batch's beta is."""

    def averaged(self, old, _beta):
        return {name: 0.99 * w + 0.01 * self._g.values[name] for name, w in old.items()}


@caught_by(
    "test_averages_with_the_beta_of_the_batch", "test_generator_update_changes_only_the_generator"
)
class NeverAverages(Averaging):
    """Never updates the average."""

    def averaged(self, old, _beta):
        return old


@caught_by("test_average_generates_its_own_images")
class ShowsTheGenerator(CorrectTrainer):
    """Generates the average's images with the generator."""

    def __init__(self, problem):
        super().__init__(problem)
        if self.average:
            self.average = Impostor(self.average.network, owner=self)


class Impostor:
    """An average that makes the generator's images."""

    def __init__(self, network, owner):
        self.network, self.owner = network, owner

    def __call__(self, noise, labels=None):
        return self.owner.generator(noise, labels)

    def weights(self):
        return {name: value.copy() for name, value in self.network.values.items()}
