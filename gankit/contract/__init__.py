"""The contract between the core and a backend: protocols, problems, random numbers, scalars."""

from gankit._utils.aligned_arrays import aligned
from gankit._utils.freed_memory import keep_freed_memory
from gankit._utils.start_variables import Started
from gankit._utils.state import State, add_prefix, check_state, strip_prefix
from gankit.contract.label_format import (
    NO_LABELS,
    AnyLabels,
    LabelFormat,
    Labels,
    LabelVectors,
)
from gankit.contract.options import Options, Precision, SourceKind
from gankit.contract.problem import Problem
from gankit.contract.protocols import (
    API,
    CAPABILITIES,
    Backend,
    Batch,
    Block,
    BlockTrainer,
    Classifier,
    DifferentiableGenerator,
    Discriminator,
    Generator,
    Network,
    NetworksTrainer,
    Trainer,
)
from gankit.contract.specification import Array, Native
from gankit.contract.world import World

__all__ = [
    "API",
    "CAPABILITIES",
    "NO_LABELS",
    "AnyLabels",
    "Array",
    "Backend",
    "Batch",
    "Block",
    "BlockTrainer",
    "Classifier",
    "DifferentiableGenerator",
    "Discriminator",
    "Generator",
    "LabelFormat",
    "LabelVectors",
    "Labels",
    "Native",
    "Network",
    "NetworksTrainer",
    "Options",
    "Precision",
    "Problem",
    "SourceKind",
    "Started",
    "State",
    "Trainer",
    "World",
    "add_prefix",
    "aligned",
    "check_state",
    "keep_freed_memory",
    "strip_prefix",
]
