"""The mathematics of an update, once, for frameworks with automatic derivatives.

Three layers, each usable without the one above: the losses (`Objective`), the networks and
optimizers (`ForwardPass`, `SpecNetworks`, `updated`), and the trainer (`Updates`, `Trainer`,
`BlockTrainer`). A backend defines a `Framework`, a few methods over its arrays, and returns
`trainer(problem, framework)`.

The NumPy reference backend shares none of these formulas; the kit compares the two.
"""

from gankit.functional.blocks import BlockTrainer, trainer
from gankit.functional.followers import follow
from gankit.functional.forward import ForwardPass
from gankit.functional.framework import Extra, Framework, Pull
from gankit.functional.inputs import Inputs
from gankit.functional.networks import Networks, SpecNetworks, TrainerNetworks, inputs_of
from gankit.functional.noise_gradient import noise_gradient
from gankit.functional.normalize import (
    batch_deviations,
    batch_moments,
    mean_of_groups,
    normalize,
)
from gankit.functional.objective import Objective
from gankit.functional.operations import NAMES, Operations, Tensor, Tensors
from gankit.functional.optimizers import averaged, updated
from gankit.functional.sums import ONE_PROCESS, Sums
from gankit.functional.trainer import Trainer
from gankit.functional.updates import Updates, with_terms

__all__ = [
    "NAMES",
    "ONE_PROCESS",
    "BlockTrainer",
    "Extra",
    "ForwardPass",
    "Framework",
    "Inputs",
    "Networks",
    "Objective",
    "Operations",
    "Pull",
    "SpecNetworks",
    "Sums",
    "Tensor",
    "Tensors",
    "Trainer",
    "TrainerNetworks",
    "Updates",
    "averaged",
    "batch_deviations",
    "batch_moments",
    "follow",
    "inputs_of",
    "mean_of_groups",
    "noise_gradient",
    "normalize",
    "trainer",
    "updated",
    "with_terms",
]
