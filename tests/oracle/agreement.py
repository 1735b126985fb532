"""How much a backend and the oracle differ on a random problem."""

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from gankit.training import StepShape, alternate, plan
from tests.oracle.trainer import Oracle

STEPS = 3
BOUND = 1e-9


@dataclass(frozen=True)
class Distance:
    """The largest differences, each max |a - b| / max(1, max |b|), and the array of the first."""

    state: float
    losses: float
    name: str

    @property
    def close(self):
        return max(self.state, self.losses) <= BOUND


@contextmanager
def one_thread():
    """Limit torch to one thread: with more, small problems take ten times the processor time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@one_thread()
def distance(backend, case, steps=STEPS):
    """Train a backend and the oracle from the same state on the same plan."""
    trainer = backend.trainer(case.problem)
    oracle = Oracle(case.problem, trainer.state(), case.smoothing)
    block = plan(case.problem, StepShape(case.batch, case.n_critic), len(case.images), 0, steps)
    losses = [
        alternate(one, block.batches(case.problem, case.images, case.labels, case.source))
        for one in (trainer, oracle)
    ]
    found, wanted = trainer.state(), oracle.state()
    assert found.keys() == wanted.keys(), found.keys() ^ wanted.keys()
    apart = {name: parted(found[name], wanted[name]) for name in found}
    name = max(apart, key=apart.get)
    return Distance(apart[name], parted(*losses), name)


def parted(a, b):
    """Return max |a - b| / max(1, max |b|); infinity where a number is not finite."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return np.inf
    return float(np.abs(a - b).max(initial=0) / max(1.0, np.abs(b).max(initial=0)))
