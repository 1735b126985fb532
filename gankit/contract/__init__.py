"""The contract between the core and a backend: protocols, problems, and the numbers that it fixes."""

from gankit.contract.problem import Array, Native, Precision, Problem, check_labels
from gankit.contract.protocols import (
    API,
    CAPABILITIES,
    Backend,
    Batch,
    Block,
    BlockTrainer,
    Generator,
    Labels,
    Network,
    Trainer,
)

__all__ = [
    "API",
    "CAPABILITIES",
    "Array",
    "Backend",
    "Batch",
    "Block",
    "BlockTrainer",
    "Generator",
    "Labels",
    "Native",
    "Network",
    "Precision",
    "Problem",
    "Trainer",
    "check_labels",
]
