"""Removing old checkpoints, so that what stays can be trusted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gankit._utils import atomic_files
from gankit.cli.doctor.checkpoints import CheckpointReport, opened, reports
from gankit.errors import CheckpointError

Plan = dict[str, list[CheckpointReport]]
"""Checkpoints by what becomes of them: "removed", "kept" and "left", the damaged ones that stay."""


def prune(
    run: Path,
    keep: int,
    *,
    damaged: bool,
    dry_run: bool,
    tell: Callable[[CheckpointReport], None],
) -> Plan:
    """Remove all but the newest `keep` whole checkpoints of a run, and the best.

    Parameters
    ----------
    run
        The run's folder.
    keep
        At least 1.
    damaged
        Whether damaged ones go too.
    dry_run
        Whether nothing is written, not even the lock.
    tell
        Called with each once it is gone, or would be.

    Raises
    ------
    CheckpointError
        It is no run, or no checkpoint of it is whole; nothing was removed.
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


def planned(found: list[CheckpointReport], keep: int, *, damaged: bool, run: Path) -> Plan:
    """Return what becomes of each checkpoint; of the removed, the oldest is the first."""
    whole = [report for report in found if report.whole]
    if not whole:
        lacks = "no checkpoint is whole" if found else "it has no checkpoint"
        raise CheckpointError(f"nothing was removed from {run}: {lacks}")
    broken = [report for report in found if not report.whole]
    old = [report for report in whole[:-keep] if not report.best]
    gone = {report.path for report in old + (broken if damaged else [])}
    return {
        "removed": [report for report in found if report.path in gone],
        "kept": [report for report in whole if report.path not in gone],
        "left": [] if damaged else broken,
    }
