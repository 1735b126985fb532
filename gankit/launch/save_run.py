"""Save a run that was trained in memory."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from gankit import plugins
from gankit.errors import ConfigError
from gankit.launch.evaluation.trained_run import Trained
from gankit.launch.folder_callbacks import folder_callbacks
from gankit.launch.messages import silent
from gankit.launch.open_folder import check_folder, open_folder
from gankit.launch.resume.check_loss import check_digest
from gankit.runs import LossLog, RunFolder
from gankit.training import Progress


def save_run(run: Trained, out: Path) -> None:
    """Save a run as `Run.save` does, with its errors."""
    if run.folder is not None:
        raise ConfigError(f"run: it is saved already; copy its folder {run.folder}")
    plan = run.plan
    if plan is None:
        raise ConfigError(
            "run: its images are unknown, because it was pickled; save it where it was trained"
        )
    if plan.config.loss not in plugins.losses():
        check_digest(plan.config.loss, plan.loss_digest)
    folder = RunFolder(out)
    check_folder(folder, resume=False)
    with folder.lock():
        check_folder(folder, resume=False)  # Another process may have begun a run.
        open_folder(folder, plan, run.trainer, silent)
        progress = Progress(
            run.step,
            run.history,
            run.trainer,
            done=True,
            problem=run.problem,
            terms=run.history.terms,
        )
        with closing(LossLog(folder.losses)) as log:
            for callback in folder_callbacks(plan, folder, log):
                callback(progress)
