"""Carrying out a run: names become things, a folder is opened, and the algorithm is let go."""

from __future__ import annotations

import dataclasses
import math
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gankit import plugins
from gankit._utils import locked_folders
from gankit._utils.storage import require_space
from gankit.callbacks import COLUMNS, Checkpoints, History, Judging, Metrics, Samples, Watchdog
from gankit.config import AUTO, TrainConfig
from gankit.contract import Backend, Labels, Problem, Trainer
from gankit.contract.latents import latents
from gankit.data import ImageSet
from gankit.data.class_names import Classes
from gankit.data.digests import sample, slow
from gankit.errors import (
    CheckpointError,
    ConfigError,
    DataError,
    Diverged,
    StorageError,
    UnknownName,
    shown,
)
from gankit.launch import devices, evaluate_callback, native_networks
from gankit.launch.image_size import check_shape, warn_of_losses
from gankit.launch.lasting_settings import lasting
from gankit.launch.loss_digest import loss_digest
from gankit.launch.misuse_warnings import Start, look
from gankit.launch.resuming import (
    check_loss,
    check_same,
    last_good,
    newest,
    recorded,
    telling_of_moved_images,
)
from gankit.launch.run import Run
from gankit.launch.training_data import Tell, training_data, warn
from gankit.layers import is_spec
from gankit.losses import Loss
from gankit.runs import (
    Checkpoint,
    MetricsLog,
    RunFolder,
    class_names,
    environment,
    evaluation_log,
    warning_log,
)
from gankit.runs import loss_log as metrics_log
from gankit.runs.folder import in_the_way, read_facts
from gankit.training import Callback, Callbacks, as_callbacks, fit

PREFERRED = ("torch", "keras", "numpy")
NO_NETWORKS: Mapping[str, object] = {}
GRID = 25
ROWS = 10
LINE = 110
PICTURE = 100_000
"""Bytes of a step in the log, and of a grid, as far as they are known beforehand."""


def silent(_line: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Plan:
    """A run with every name resolved.

    Attributes
    ----------
    config
        Without any "auto" that names a backend or a data set.
    backend, data, problem
        What the names stand for.
    notes
        What was decided on the way, for `environment.json`.
    data_dir
        Where the user said that data lies.
    loss_digest
        What tells the loss from others: `gankit.launch.loss_digest`; None where it cannot be told.
    """

    config: TrainConfig
    backend: Backend
    data: ImageSet
    problem: Problem
    notes: dict[str, str]
    data_dir: Path | None = None
    loss_digest: str | None = None

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return self.config.total_steps(len(self.data))

    @property
    def summary(self) -> str:
        """What will be done, in one line."""
        config = self.config
        return (
            f"{config.recipe} on {len(self.data):,} images of {config.dataset} with "
            f"{config.backend}, seed {config.seed}: {self.steps:,} steps, {self.epoch} an epoch"
        )

    @cached_property
    def environment(self) -> dict[str, Any]:
        """What it runs on, looked up once: versions, platform, command line."""
        return environment()

    @property
    def epoch(self) -> int:
        """Steps of an epoch."""
        return self.config.epoch(len(self.data))

    @property
    def digests(self) -> dict[str, str]:
        """What tells its images and its loss from others, by the names that its records have."""
        loss = {"loss_digest": self.loss_digest} if self.loss_digest else {}
        data = self.data
        return {
            "data_digest": data.digest, "data_sample": sample(data.images, data.labels), **loss
        }  # fmt: skip


def resolve(
    config: TrainConfig,
    data_dir: Path | None = None,
    tell: Tell = silent,
    *,
    loss: Loss | None = None,
    backend: Backend | None = None,
    resumed: Path | None = None,
) -> Plan:
    """Turn names into things; what was "auto" is said and recorded.

    Parameters
    ----------
    loss, backend
        Given as objects, they stand for the names in `config`.
    resumed
        The folder of a run that goes on, if there is one in it.

    Raises
    ------
    UnknownName, BackendUnavailable, DataError, ConfigError
        A name that nothing answers to, or a thing that cannot be had or does not fit.
    """
    loss = loss or plugins.get_loss(config.loss)
    backend = choose_backend(backend or config.backend, tell)
    before = recorded(resumed).dataset if resumed and RunFolder(resumed).exists() else None
    with telling_of_moved_images(before if before == config.dataset else None):
        data = training_data(config, data_dir, tell)
    config = dataclasses.replace(data.config, backend=backend.name, loss=loss.name)
    check_shape(config, data.images)
    warn_of_losses(config)
    problem = config.problem(data.images.images.shape[1:], loss)
    return Plan(config, backend, data.images, problem, data.notes, data_dir, loss_digest(loss))


def launch(
    plan: Plan,
    out: Path | None,
    *,
    resume: bool = False,
    callbacks: Callbacks = (),
    stop: Callable[[], bool] = lambda: False,
    tell: Tell = silent,
) -> Run:
    """Train, in `out` or in memory; go on from the newest valid checkpoint if `resume`.

    Raises
    ------
    ConfigError
        `out` holds a run and `resume` is False, or holds a run of other numbers.
    StorageError
        `out` cannot be written, or another process is writing there.
    Diverged
        A number is no longer finite; the last good checkpoint stays.
    """
    called = as_callbacks(callbacks)
    if out is not None:
        check_folder(RunFolder(out), resume=resume)
    plan, trainer = _built(plan, out if resume else None)
    if out is None:
        return _train(plan, trainer, None, 0, called, stop)
    folder = RunFolder(out)
    if not folder.exists():  # Before the lock, which makes the folder.
        require_space(out, _space(plan, trainer, 0))
    standard = evaluate_callback.standard_of(plan, stop, tell)
    with folder.lock():
        check_folder(folder, resume=resume)  # Another process may have been first.
        start = _open(folder, plan, trainer, tell)
        if start < plan.steps:
            tell(f"{plan.summary}, into {out}")
        judge = evaluate_callback.judge_of(plan, folder, standard, tell) if standard else None
        return _train(plan, trainer, folder, start, called, stop, judge)


def _built(plan: Plan, resumed: Path | None) -> tuple[Plan, Trainer]:
    """Build the trainer; of a run that is resumed on the device that it had, if that is here."""
    folder = RunFolder(resumed) if resumed else None
    if folder and folder.exists() and recorded(folder.path).device == plan.config.device:
        trainer, problem = devices.built(plan.backend, plan.problem, folder.path)
        return dataclasses.replace(plan, problem=problem), trainer
    return plan, plan.backend.trainer(plan.problem)


def check_folder(folder: RunFolder, *, resume: bool) -> None:
    """Refuse a folder that a run cannot begin in or, if `resume`, go on in; writes nothing.

    Raises
    ------
    ConfigError
        The folder holds a run and `resume` is False, or it holds what is left of one.
    CheckpointError
        A link, a pipe or the like is in the place of a file of the run.
    """
    if folder.exists() and not resume:
        raise ConfigError(
            f"{folder.path} holds a run; continue it with --resume, or choose another"
        )
    obstacle = in_the_way(folder)
    if obstacle and folder.exists():
        raise CheckpointError(f"{folder.path} cannot be resumed: {obstacle}; put it back")
    if obstacle:
        raise ConfigError(
            f"{folder.path} has no {folder.config.name}, but cannot take a new run: {obstacle}; "
            "remove it, or choose another --out"
        )


def _open(folder: RunFolder, plan: Plan, trainer: Trainer, tell: Tell) -> int:
    """Create the folder, or load the newest checkpoint of it; return the steps done."""
    if slow(plan.data.images):
        tell(f"reading all {len(plan.data):,} images once, to know them again")
    if not folder.exists():
        folder.create(plan.config.to_toml(), _facts(plan))
        class_names.write(folder.classes, plan.data.class_names)
        return 0
    checkpoint = newest(folder)
    if checkpoint:
        start, log = checkpoint.step, checkpoint.info.get("log")
        check_same(plan.config, plan.data, checkpoint, folder.path)
        _tell_of_data(folder, plan, tell)
        check_loss(folder, plan.config.loss, plan.loss_digest, checkpoint.info)
        facts = _lost_facts(folder, plan, checkpoint)
        trainer.load_state(checkpoint.state)
        tell(f"resuming after step {start} from {checkpoint.path}")
    else:  # Nothing was learned that other settings could belie.
        start, log, facts = 0, None, _facts(plan)
        tell(f"{folder.path} has no checkpoint yet: starting from step 0")
    if start >= plan.steps:
        tell(f"the run is finished: {start} steps are done; raise --epochs or --steps to go on")
        return start
    require_space(folder.path, _space(plan, trainer, start))
    evaluation_log.read(folder.evaluations)
    metrics_log.truncate(folder.metrics, start, log)  # The last check; the first to write.
    evaluation_log.truncate(folder.evaluations, start)
    warning_log.truncate(folder.warnings, start)
    class_names.write(folder.classes, plan.data.class_names)
    if facts:
        folder.write_facts(facts)
    folder.write_config(plan.config.to_toml())
    return start


def _tell_of_data(folder: RunFolder, plan: Plan, tell: Tell) -> None:
    """Say where the images are now, where that has changed."""
    before, now = recorded(folder.path).dataset, plan.config.dataset
    if before != now:
        tell(f"the images are those of {before}, read from {now}")


def _lost_facts(folder: RunFolder, plan: Plan, checkpoint: Checkpoint) -> dict[str, Any] | None:
    """Return what `environment.json` is to say if it cannot be read now, and warn; else None.

    The manifests have what counts.
    """
    try:
        read_facts(folder)
    except CheckpointError as error:
        warn(f"{error}; it is written anew, for this machine, when the run goes on")
        return _facts(plan) | {"run": checkpoint.info.get("run", "")}
    return None


def _facts(plan: Plan) -> dict[str, Any]:
    """Return what `environment.json` says of a run that begins, a mark of its own included."""
    return plan.environment | plan.notes | plan.digests | {"run": secrets.token_hex(16)}


def _space(plan: Plan, trainer: Trainer, start: int) -> int:
    """Return about how many bytes the rest of the run will need at most.

    One checkpoint more than are kept is there while the oldest gives way, and the best, where that
    is looked for.
    """
    steps, config = plan.steps - start, plan.config
    saves = math.ceil(steps / (config.checkpoint_every or plan.epoch))
    looks = math.ceil(steps / (plan.epoch * config.evaluate_every)) if config.evaluate_every else 0
    state = sum(array.nbytes for array in trainer.state().values())
    checkpoints = min(config.keep_checkpoints + 1 + min(looks, 1), saves + looks) * state
    pictures = steps / (plan.epoch * config.sample_every) + 2 + looks
    return round(checkpoints + steps * LINE + pictures * PICTURE)


def _train(
    plan: Plan,
    trainer: Trainer,
    folder: RunFolder | None,
    start: int,
    callbacks: list[Callback],
    stop: Callable[[], bool],
    judge: Judging | None = None,
) -> Run:
    """Let the algorithm go, and gather what it leaves."""
    record = _recording(folder)
    if start == 0:
        data, batch = plan.data, plan.config.batch
        look(Start(plan.problem, trainer, data.images, data.labels, batch), record)
    history = History()
    log = MetricsLog(folder.metrics) if folder else None
    keeping = _keeping(plan, folder, log, judge) if folder and log else [history]
    before = metrics_log.read(folder.metrics) if folder and start else None
    watchdog = Watchdog(plan.problem, plan.data.images, before, record=record)
    extra = plugins.callbacks(plan.config, folder.path if folder else None)
    try:
        step = fit(
            trainer, plan.problem, plan.config.step_shape(), plan.data.images, plan.data.labels,
            steps=plan.steps, start=start, callbacks=[*keeping, watchdog, *callbacks, *extra],
            stop=stop,
        )  # fmt: skip
    except Diverged as error:
        if folder:
            locked_folders.require(
                folder.path
            )  # If it was moved, its last checkpoint is elsewhere.
        with suppress(StorageError):  # That it diverged is the news.
            record(len(metrics_log.read(folder.metrics)) if folder else 0, f"it diverged: {error}")
        raise Diverged(f"{error}; {last_good(folder)}") from error
    except DataError as error:  # The file that images are read from has changed.
        raise DataError(f"{error}; {last_good(folder)}") from error
    finally:
        if log:
            log.close()
    losses = metrics_log.read(folder.metrics) if folder else history.losses()
    path, name = folder.path if folder else None, plan.backend.name
    names = plan.data.class_names
    return Run(plan.problem, trainer, step, losses, plan.config, path, name, names)


def _recording(folder: RunFolder | None) -> Callable[[int, str], None]:
    """Return what keeps a run's warnings in its folder."""

    def record(step: int, text: str) -> None:
        if folder is not None:
            warning_log.append(folder.warnings, warning_log.Warned(step, text))

    return record


def _keeping(
    plan: Plan, folder: RunFolder, log: MetricsLog, judge: Judging | None
) -> list[Callback]:
    """Return what fills the run's folder, the logs before the checkpoints."""
    config = plan.config
    labels = grid_labels(plan.problem.generator_classes)
    count = GRID if labels is None else len(labels)
    noise = latents(count, config.latent, config.seed).astype(config.precision)
    return [
        Metrics(log),
        Samples(folder, noise, plan.epoch, config.sample_every, labels, _rows(plan)),
        *([judge] if judge else []),
        Checkpoints(
            folder.checkpoints,
            config.checkpoint_every or plan.epoch,
            config.keep_checkpoints,
            {
                "backend": config.backend,
                "recipe": config.recipe,
                "dataset": config.dataset,
                "libraries": plan.environment["libraries"],
                "settings": lasting(config),
                **plan.digests,
            },
            log,
            judge.best if judge else None,
        ),
    ]


def _rows(plan: Plan) -> tuple[str, ...]:
    """Return what the rows of a grid show, if classes have names other than their numbers."""
    told = Classes.of(plan.data.class_names, plan.problem.generator_classes)
    return () if told.plain else told.names[:ROWS]


def grid_labels(classes: int) -> Labels | None:
    """Return the labels of a grid with a class a row, at most ten rows; None without classes."""
    return np.repeat(np.arange(min(classes, ROWS)), COLUMNS) if classes else None


def choose_backend(
    name: str | Backend, tell: Tell = silent, networks: Mapping[str, object] = NO_NETWORKS
) -> Backend:
    """Return a backend that is ready to build.

    Parameters
    ----------
    name
        Its name, or the backend itself. "auto" takes the backend of the native networks; for
        specs, the first that is installed.
    networks
        The generator and the discriminator, by these names.

    Raises
    ------
    UnknownName, BackendUnavailable
        There is no such backend, or what it requires is not installed.
    ConfigError
        A native network is of another backend, or of none that is known.
    """
    if isinstance(name, Backend):
        return plugins.ready(name)
    if not isinstance(name, str):
        raise ConfigError(f"backend: got {shown(name)}; expected a name, or a Backend")
    known = _in_order()
    native = {role: network for role, network in networks.items() if not is_spec(network)}
    native_networks.check_kind(native)
    if name != AUTO:
        chosen = plugins.get_backend(name)
        native_networks.check_own(chosen, native, known)
        return chosen
    if native:
        return plugins.get_backend(native_networks.backend_of(native, known))
    for candidate in known:
        if not plugins.missing_modules(candidate):
            tell(f"backend {candidate.name}, the first installed of {', '.join(PREFERRED)}")
            return candidate
    raise UnknownName("backend", name, [backend.name for backend in known])


def _in_order() -> list[Backend]:
    """Return every backend, those that "auto" prefers first."""
    known = plugins.backends()
    order = [*PREFERRED, *sorted(known.keys() - set(PREFERRED))]
    return [known[name] for name in order if name in known]
