"""Prune a run's checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gankit._utils import atomic_files
from gankit.cli.doctor.checkpoints import CheckpointReport, opened, reports
from gankit.errors import CheckpointError

Pruning = dict[str, list[CheckpointReport]]
"""Checkpoints by what happens to them: "removed", "kept", or "left" (damaged, not removed)."""


def prune(
    run: Path,
    keep: int,
    *,
    damaged: bool,
    dry_run: bool,
    tell: Callable[[CheckpointReport], None],
) -> Pruning:
    """Remove all but the newest `keep` valid checkpoints of a run, and the best.

    Parameters
    ----------
    run
        The run's folder.
    keep
        At least 1.
    damaged
        Whether to remove damaged ones too.
    dry_run
        Whether to change nothing, not even the lock.
    tell
        Called with each checkpoint that is removed, or would be with `dry_run`.

    Raises
    ------
    CheckpointError
        `run` is not a run, or has no valid checkpoint; nothing was removed.
    StorageError
        A process is writing to the run, or a checkpoint cannot be removed.
    """
    if dry_run:
        plan = planned(reports(run), keep, damaged=damaged, run=run)
        for report in plan["removed"]:
            tell(report)
        return plan
    with opened(run).lock():
        plan = planned(reports(run), keep, damaged=damaged, run=run)
        for report in plan["removed"]:
            atomic_files.remove(Path(report.path))
            tell(report)
    return plan


def planned(found: list[CheckpointReport], keep: int, *, damaged: bool, run: Path) -> Pruning:
    """Return what happens to each checkpoint, oldest first."""
    valid = [report for report in found if report.valid]
    if not valid:
        reason = "no checkpoint is valid" if found else "it has no checkpoint"
        raise CheckpointError(f"removed nothing from {run}: {reason}")
    broken = [report for report in found if not report.valid]
    old = [report for report in valid[:-keep] if not report.best]
    removed = {report.path for report in old + (broken if damaged else [])}
    return {
        "removed": [report for report in found if report.path in removed],
        "kept": [report for report in valid if report.path not in removed],
        "left": [] if damaged else broken,
    }
