"""Callbacks: what happens between the blocks of a run.

A callback says by `edge` where it wants a block to end, and is called after every block, in the
order of the list: `Metrics` goes before `Checkpoints`, so that no checkpoint is ahead of the log.
"""

from gankit.callbacks.boundaries import Every, every, never
from gankit.callbacks.checkpointing import COLUMNS, Checkpoints, Metrics, Samples
from gankit.callbacks.evaluation import Evaluations
from gankit.callbacks.history import History
from gankit.callbacks.live import Live
from gankit.callbacks.progress import Bar, Epochs
from gankit.callbacks.tensorboard import TensorBoard
from gankit.callbacks.watchdog import Watchdog

__all__ = [
    "COLUMNS",
    "Bar",
    "Checkpoints",
    "Epochs",
    "Evaluations",
    "Every",
    "History",
    "Live",
    "Metrics",
    "Samples",
    "TensorBoard",
    "Watchdog",
    "every",
    "never",
]
