"""Runs on disk: the folder of a run, its checkpoints and its logs, written atomically."""

from gankit.runs.checkpoints import Checkpoint, CheckpointStore, read_checkpoint
from gankit.runs.environment import environment
from gankit.runs.folder import RunFolder
from gankit.runs.loss_log import LossLog

__all__ = [
    "Checkpoint",
    "CheckpointStore",
    "LossLog",
    "RunFolder",
    "environment",
    "read_checkpoint",
]
