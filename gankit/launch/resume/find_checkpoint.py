"""Choose a run's checkpoint: the newest valid one, or the best evaluated one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gankit.errors import CheckpointError, OtherFormat
from gankit.launch.messages import warn
from gankit.launch.resume.recorded_config import recorded
from gankit.runs import Checkpoint, RunFolder, evaluation_log, loss_log
from gankit.runs.checkpoints import read_manifest


def newest(folder: RunFolder) -> Checkpoint | None:
    """Return the run's newest valid checkpoint, or None if it never had one.

    Raises
    ------
    CheckpointError
        There are checkpoints, but none is valid and of this run, or a newer gankit wrote one.
    """
    refused: list[str] = []
    checkpoint = folder.checkpoints.newest_valid(refused.append)
    if refused and checkpoint is None:
        if folder.checkpoints.steps():
            raise CheckpointError(
                f"no checkpoint in {folder.path} is valid; train again in another folder "
                f"({refused[-1]})"
            )
        raise CheckpointError(
            f"no checkpoint in {folder.path} has the mark in {folder.environment.name}; if that "
            "file was changed, delete it, since the checkpoints have the mark too; else choose "
            "another folder"
        )
    for line in refused:
        passed_over(line)
    return checkpoint


def newest_info(folder: RunFolder) -> Mapping[str, Any]:
    """Return the info of the newest readable manifest, without reading arrays."""
    store, before = folder.checkpoints, list[int]()
    while (steps := store.steps()) != before:  # Another process may have removed listed ones.
        for step in reversed(steps):
            try:
                return read_manifest(store.path(step)).info
            except OtherFormat:
                raise
            except CheckpointError:
                continue
        before = steps
    return {}


def log_change(folder: RunFolder) -> str:
    """Return a text if the log of losses differs from that at the newest checkpoint, else ""."""
    return loss_log.fault(folder.losses, newest_info(folder).get("log"))


def best(
    folder: RunFolder, complain: Callable[[str], None] = lambda _: None
) -> evaluation_log.Row | None:
    """Return the best evaluation of a step that has a checkpoint, or None.

    Parameters
    ----------
    complain
        Called with one line for each checkpoint of another run.

    Raises
    ------
    CheckpointError
        The log of evaluations or the configuration is damaged.
    """
    rows = evaluation_log.read(folder.evaluations)
    if not rows:
        return None
    samples = recorded(folder.path).evaluate_samples
    return evaluation_log.best(rows, folder.checkpoints.steps(complain), samples)


def load_best(folder: RunFolder) -> Checkpoint:
    """Return the checkpoint of the best step; CheckpointError if no evaluated step has one."""
    while (found := best(folder, passed_over)) is not None:
        step = int(found["step"])
        try:
            return folder.checkpoints.load(step)
        except CheckpointError:
            if step in folder.checkpoints.steps():
                raise
            # The run is training: another step is the best now, and this one was removed.
    raise CheckpointError(
        f"{folder.path} has no best checkpoint: no saved checkpoint was evaluated; "
        "resume with --set evaluate_every=1, or use the newest checkpoint"
    )


def last_good(folder: RunFolder | None) -> str:
    """Return a text about the checkpoint from which a diverged run can be resumed."""
    if folder is None:
        return "nothing was saved, because the run has no folder"
    last = folder.checkpoints.newest_valid()
    return f"the last good checkpoint is {last.path}" if last else "there is no checkpoint yet"


def passed_over(line: str) -> None:
    """Warn of a skipped checkpoint; `line` has its path and the reason."""
    warn(f"skipped: {line}")
