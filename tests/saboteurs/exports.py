"""Saboteurs whose exports are not the generator."""

from dataclasses import replace

import numpy as np

from tests.saboteurs.honest import ARRAYS, HonestTrainer
from tests.saboteurs.saboteur import caught_by


def unmoved(problem, weights, path):
    """Write running means as they were before training."""
    lost = {n: np.zeros_like(w) if n.endswith(".mean") else w for n, w in weights.items()}
    ARRAYS.write(problem, lost, path)


def of_one_size(path):
    """Read a generator that makes sixteen images, whatever it is asked."""
    run = ARRAYS.read(path)
    return lambda inputs: run(
        {name: np.resize(a, (16, *a.shape[1:])) for name, a in inputs.items()}
    )


def of_one_class(path):
    """Read a generator that makes images of the first class."""
    run = ARRAYS.read(path)
    return lambda inputs: run({**inputs, "labels": inputs["labels"] * 0})


CLAUSE = "test_an_export_generates_the_same_images"


@caught_by(CLAUSE, exports={"arrays": replace(ARRAYS, write=unmoved)})
class ExportsNoStatistics(HonestTrainer):
    """Exports a generator without the statistics that training left."""


@caught_by(CLAUSE, exports={"arrays": replace(ARRAYS, read=of_one_class)})
class ExportsOneClass(HonestTrainer):
    """Exports a generator that does not look at labels."""


@caught_by(CLAUSE, exports={"arrays": replace(ARRAYS, read=of_one_size)})
class ExportsAFixedBatch(HonestTrainer):
    """Exports a generator that makes sixteen images, whatever it is asked."""
