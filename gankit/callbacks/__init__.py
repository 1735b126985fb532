"""Callbacks: work between the blocks of a run.

A callback's `next_boundary` returns the step at which a block must end. Callbacks are called after
every block, in list order. `Losses` comes before `Checkpoints`, so that the log has every step of
a checkpoint.
"""

from gankit.callbacks.boundaries import Every, every, never
from gankit.callbacks.checkpointing import COLUMNS, Checkpoints, Losses, Samples, noise_grid
from gankit.callbacks.evaluation import Evaluations
from gankit.callbacks.history import History
from gankit.callbacks.live import Live
from gankit.callbacks.progress import Bar, Epochs
from gankit.callbacks.tensorboard import TensorBoard
from gankit.callbacks.training_failures import HealthWarning
from gankit.callbacks.watchdog import Watchdog

__all__ = [
    "COLUMNS",
    "Bar",
    "Checkpoints",
    "Epochs",
    "Evaluations",
    "Every",
    "HealthWarning",
    "History",
    "Live",
    "Losses",
    "Samples",
    "TensorBoard",
    "Watchdog",
    "every",
    "never",
    "noise_grid",
]
