"""A penalty that is not due costs no pass of the network."""

from __future__ import annotations

import dataclasses

import pytest

from gankit.functional import SpecNetworks, trainer
from gankit.penalties import Penalty
from gankit.testing import images
from gankit.testing.harness import Setup
from gankit.testing.problems import SIMPLE
from tests.selection import selected

if not selected("autograd"):
    pytest.skip("autograd is not among the backends under test", allow_module_level=True)

from gankit_autograd.framework import Autograd


class Counted(SpecNetworks):
    """Networks that note the number of each pass."""

    def run(self, name, weights, x, labels, masks, /, *, number=0, **options):
        passes.append(number)
        return super().run(name, weights, x, labels, masks, number=number, **options)


passes: list[int] = []


def test_a_penalty_is_computed_only_when_it_is_due():
    penalty = Penalty("between", every=2)
    problem = dataclasses.replace(SIMPLE, penalties=(penalty,))
    framework = Autograd(problem.precision, "cpu")
    made = trainer(problem, framework, Counted(framework, problem))
    found = []
    for step in range(4):
        passes.clear()
        Setup(problem, images()).updates(made, step, step + 1)
        found.append(1 in passes)
    assert found == [True, False, True, False]
