"""Backends that export something other than the generator."""

from dataclasses import replace

import numpy as np

from tests.wrong_backends.correct import ARRAYS, CorrectTrainer
from tests.wrong_backends.wrong_backend import caught_by


def unmoved(network, weights, path):
    """Write running means as they were before training."""
    lost = {n: np.zeros_like(w) if n.endswith(".mean") else w for n, w in weights.items()}
    ARRAYS.write(network, lost, path)


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


def of_zeros(network, weights, path):
    """Write zeros for a further network."""
    own = network.name == "generator"
    ARRAYS.write(network, weights if own else {n: 0 * w for n, w in weights.items()}, path)


CLAUSE = "test_an_export_generates_the_same_images"


@caught_by(CLAUSE, exports={"arrays": replace(ARRAYS, write=unmoved)})
class ExportsNoStatistics(CorrectTrainer):
    """Exports a generator without its trained running statistics."""


@caught_by(CLAUSE, exports={"arrays": replace(ARRAYS, read=of_one_class)})
class ExportsOneClass(CorrectTrainer):
    """Exports a generator that ignores labels."""


@caught_by(CLAUSE, exports={"arrays": replace(ARRAYS, read=of_one_size)})
class ExportsAFixedBatch(CorrectTrainer):
    """Exports a generator that always makes sixteen images."""


@caught_by(
    "test_an_export_of_a_further_network_computes_the_same",
    exports={"arrays": replace(ARRAYS, write=of_zeros)},
)
class ExportsAnUntrainedEncoder(CorrectTrainer):
    """Exports zeros for the weights of a further network."""
