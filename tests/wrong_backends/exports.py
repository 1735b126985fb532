"""Backends that export something other than the generator."""

from dataclasses import replace

import numpy as np
from gankit_numpy.networks import Inference

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


def upside_down(path):
    """Read a network whose maps of logits are upside down; their means are right."""
    run = ARRAYS.read(path)

    def turned(inputs):
        outputs = run(inputs)
        is_map = outputs.ndim == 4 and outputs.shape[-1] == 1
        return outputs[:, ::-1] if is_map else outputs

    return turned


def without_heads(path):
    """Read a discriminator that makes zeros for the columns of its heads."""
    run = ARRAYS.read(path)

    def made(inputs):
        outputs = run(inputs)
        return outputs if outputs.ndim == 4 else outputs * (np.arange(outputs.shape[1]) == 0)

    return made


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


OF_A_DISCRIMINATOR = "test_an_export_of_a_discriminator_computes_the_same"


@caught_by(OF_A_DISCRIMINATOR, exports={"arrays": replace(ARRAYS, read=upside_down)})
class ExportsMapsUpsideDown(CorrectTrainer):
    """Exports a discriminator whose map of logits is upside down."""


@caught_by(OF_A_DISCRIMINATOR, exports={"arrays": replace(ARRAYS, read=without_heads)})
class ExportsNoHeads(CorrectTrainer):
    """Exports a discriminator without the columns of its heads."""


@caught_by(OF_A_DISCRIMINATOR)
class ReturnsOtherLogits(CorrectTrainer):
    """Its discriminator returns twice the logits that its weights make."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, labels=None, /):
            outputs = super().__call__(inputs, labels)
            return outputs if self.problem is None else 2 * outputs


@caught_by(
    "test_an_export_of_a_further_network_computes_the_same",
    exports={"arrays": replace(ARRAYS, write=of_zeros)},
)
class ExportsAnUntrainedEncoder(CorrectTrainer):
    """Exports zeros for the weights of a further network."""
