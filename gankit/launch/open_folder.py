"""Open a run's folder: create it, or load its newest checkpoint."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from typing import Any

from gankit._text import counted
from gankit._utils.paths import is_pretrained
from gankit._utils.storage import require_space
from gankit.config import TrainConfig
from gankit.contract import Trainer
from gankit.data.digests import slow
from gankit.data.memory_data import origin
from gankit.errors import CheckpointError, ConfigError
from gankit.launch.messages import Tell, warn
from gankit.launch.resolved_plan import ResolvedPlan
from gankit.launch.resume.check_loss import check_loss
from gankit.launch.resume.check_settings import check_same
from gankit.launch.resume.find_checkpoint import newest
from gankit.launch.resume.recorded_config import recorded
from gankit.runs import (
    Checkpoint,
    RunFolder,
    class_names,
    evaluation_log,
    loss_log,
    time_log,
    warning_log,
)
from gankit.runs.folder import in_the_way, read_facts

LINE_BYTES = 110
PICTURE_BYTES = 100_000
"""Estimated bytes of a line in the log, and of a grid."""
BEFORE_START = -1
"""The warnings of step 0 come again if a run starts again."""


def check_folder(folder: RunFolder, *, resume: bool) -> None:
    """Refuse a folder in which a run cannot begin or, with `resume`, continue; writes nothing.

    Raises
    ------
    ConfigError
        The folder holds a run and `resume` is False, or it holds parts of a run, or pictures.
    CheckpointError
        A link, a pipe or the like is in the place of a file of the run.
    """
    if is_pretrained(folder.path):
        raise ConfigError(
            f"out: got {folder.path}; a name with this beginning is that of a generator in gankit; "
            "choose another folder"
        )
    if folder.exists() and not resume:
        raise ConfigError(
            f"{folder.path} holds a run; resume it with --resume (in Python resume=True), or "
            "choose another folder"
        )
    obstacle = in_the_way(folder)
    if obstacle and folder.exists():
        raise CheckpointError(f"{folder.path} cannot be resumed: {obstacle}; put it back")
    if obstacle:
        raise ConfigError(
            f"{folder.path} has no {folder.config.name}, and cannot be used for a new run: "
            f"{obstacle}; choose another --out, or move that away"
        )


def open_folder(folder: RunFolder, plan: ResolvedPlan, trainer: Trainer, tell: Tell) -> int:
    """Create the folder, or load its newest checkpoint; return the steps done."""
    if slow(plan.data.images):
        tell(f"reading {counted(len(plan.data), 'image')} once, for the digest")
    if not folder.exists():
        folder.create(plan.config.to_toml(), _facts(plan))
        class_names.write(folder.classes, plan.data.class_names)
        return 0
    checkpoint = newest(folder)
    if checkpoint:
        start, log = checkpoint.step, checkpoint.info.get("log")
        check_same(plan.config, plan.data, checkpoint, folder.path)
        before = recorded(folder.path)
        _tell_of_data(before, plan, tell)
        check_loss(folder, plan.config.loss, plan.loss_digest, checkpoint.info)
        began, facts = _known_facts(folder, plan, checkpoint)
        if before.backend == plan.config.backend:
            _tell_of_framework(began, plan, tell)
        trainer.load_state(checkpoint.state)
        reason = warning_log.stopped(folder.warnings, start)
        why = f", where a callback stopped it: {reason}" if reason else ""
        tell(f"resuming after step {start} from {checkpoint.path}{why}")
    else:  # Nothing was trained yet, so other settings are allowed.
        start, log, facts = 0, None, _facts(plan)
        tell(f"{folder.path} has no checkpoint yet: starting from step 0")
    if start >= plan.steps:
        tell(
            f"the run is finished after {counted(start, 'step')}; to train longer, give more "
            f"--epochs or --steps, such as --steps {2 * start} (in Python steps={2 * start})"
        )
        return start
    require_space(folder.path, space_needed(plan, trainer, start))
    evaluation_log.read(folder.evaluations)
    # The last check and the first write.
    loss_log.truncate(folder.losses, start, log, plan.problem.loss_columns[2:])
    evaluation_log.truncate(folder.evaluations, start)
    warning_log.truncate(folder.warnings, start or BEFORE_START)
    time_log.truncate(folder.times, start)
    class_names.write(folder.classes, plan.data.class_names)
    if facts:
        folder.write_facts(facts)
    folder.write_config(plan.config.to_toml())
    return start


def _tell_of_data(before: TrainConfig, plan: ResolvedPlan, tell: Tell) -> None:
    """Print where the images come from, if that has changed."""
    if before.dataset != plan.config.dataset:
        tell(f"the images {origin(before.dataset)} are those {origin(plan.config.dataset)} now")


def _tell_of_framework(began: Mapping[str, Any], plan: ResolvedPlan, tell: Tell) -> None:
    """Print what the backend runs on, if this run began on another framework: keras on JAX."""
    before, now = began.get("framework"), _framework(plan)
    if before and now and before != now:
        tell(
            f"{plan.config.backend} runs on {now} now, and began on {before}: "
            "the numbers differ in their last bits"
        )


def _framework(plan: ResolvedPlan) -> str:
    """Return the modules that the backend requires, as text."""
    return ", ".join(plan.backend.requires)


def _known_facts(
    folder: RunFolder, plan: ResolvedPlan, checkpoint: Checkpoint
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the content of `environment.json`, and None; if it cannot be read, warn.

    Then the first is empty, and the second has new facts. Resuming needs the manifests' settings,
    not these facts.
    """
    try:
        return read_facts(folder), None
    except CheckpointError as error:
        warn(f"{error}; it is replaced, with this machine's facts, when the run continues")
        return {}, _facts(plan) | {"run": checkpoint.info.get("run", "")}


def _facts(plan: ResolvedPlan) -> dict[str, Any]:
    """Return the contents of `environment.json` for a new run, with a random mark."""
    framework = {"framework": _framework(plan)} if plan.backend.requires else {}
    mark = {"run": secrets.token_hex(16)}
    return plan.environment | framework | plan.notes | plan.records | mark


def space_needed(plan: ResolvedPlan, trainer: Trainer, start: int) -> int:
    """Return an upper estimate of the bytes that the rest of the run writes.

    While the oldest checkpoint is replaced, there is one more than `keep_checkpoints`; an evaluated
    run has the best one too.
    """
    steps, config = plan.steps - start, plan.config
    saves = math.ceil(steps / (config.checkpoint_every or plan.epoch)) + bool(plan.warm_start)
    evaluations = 0
    if config.evaluate_every:
        evaluations = math.ceil(steps / (plan.epoch * config.evaluate_every))
    checkpoints = min(config.keep_checkpoints + 1 + min(evaluations, 1), saves + evaluations)
    checkpoint_bytes = sum(array.nbytes for array in trainer.state().values())
    pictures = steps / (plan.epoch * config.sample_every) + 2 + evaluations
    return round(checkpoints * checkpoint_bytes + steps * LINE_BYTES + pictures * PICTURE_BYTES)
