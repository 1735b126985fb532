"""The main functions of gankit: train, fit, load."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeAlias, Unpack

import numpy as np
from numpy.typing import NDArray

from gankit import plugins
from gankit._utils import paths
from gankit._utils.counts import check_count
from gankit._utils.field_types import as_tuple
from gankit._utils.paths import optional
from gankit._utils.plain_numbers import number
from gankit._utils.stop_signals import Stop, by_ctrl_c
from gankit.augment import Augment
from gankit.callbacks import Bar, History, Watchdog
from gankit.callbacks.display import Screen
from gankit.callbacks.download_bar import downloads_shown
from gankit.config import AUTO, layering
from gankit.config.settings import Settings
from gankit.contract import Array, Backend, Labels, Native, Precision, Problem
from gankit.data import Dataset, array_checks
from gankit.data.labels import as_labels, without_gaps
from gankit.errors import CheckpointError, ConfigError, shown
from gankit.launch import devices
from gankit.launch.backends import choose_backend
from gankit.launch.checks.misuse_warnings import warn_of_misuse
from gankit.launch.checks.start import Start
from gankit.launch.execute import launch
from gankit.launch.messages import silent, warn
from gankit.launch.open_folder import check_folder
from gankit.launch.resolved_plan import resolve
from gankit.launch.resume.check_loss import check_loss_known
from gankit.launch.resume.check_settings import check_unchanged
from gankit.launch.resume.find_checkpoint import best as best_of
from gankit.launch.resume.find_checkpoint import passed_over
from gankit.launch.resume.recorded_config import base, recorded
from gankit.launch.run import Run
from gankit.layers import Layer, Spec
from gankit.losses import Loss, absent, smoothed
from gankit.optimizers import Adam, Average, Optimizer
from gankit.penalties import Penalty
from gankit.runs import Checkpoint, RunFolder, loss_log
from gankit.runs import class_names as class_names_of
from gankit.runs.loss_history import LossHistory
from gankit.schedules import Rate
from gankit.training import Callback, Callbacks, StepShape, as_callbacks
from gankit.training import fit as fit_steps

ADAM = Adam(learning_rate=2e-4, beta1=0.5, beta2=0.999, epsilon=1e-7)
"""The default optimizer of `fit`, as in the recipe `simple`."""

__all__ = ["Run", "fit", "load", "train"]

Folder: TypeAlias = str | os.PathLike[str]
Images: TypeAlias = NDArray[np.uint8] | Array


def train(
    recipe: Folder | None = None,
    *,
    out: Folder | None = None,
    resume: bool = False,
    data_dir: Folder | None = None,
    progress: bool = True,
    callbacks: Callbacks = (),
    **settings: Unpack[Settings],
) -> Run:
    """Train a recipe on a named data set, as `gankit train` does.

    Parameters
    ----------
    recipe
        A recipe's name, as `gankit recipes list` shows it, or the path of a TOML file. None, the
        default, is the recipe of the resumed run, or else "simple".
    out
        The run's folder; None, the default, trains in memory.
    resume
        Whether to resume from the newest valid checkpoint in `out`, if it has one; False by
        default.
    data_dir
        A folder with the data set's files; None, the default, uses `GANKIT_DATA` and the
        usual folders.
    progress
        As in `fit`; also shows the download of a data set, the training of the evaluations'
        classifier, and a line for each evaluation.
    callbacks
        As in `fit`.
    settings
        Any field of `TrainConfig`, which has their ranges and defaults; what is not given is the
        recipe's: `backend="torch"`, `epochs=2`, `seed=1`. `generator` and `discriminator` may be
        their layers alone, the optimizer staying the recipe's. `loss` may be a `gankit.losses.Loss`
        and `backend` a `gankit.contract.Backend`. The run records the loss's name and a digest of
        its values and gradients, so resuming takes the same loss again and no other.

    Returns
    -------
    Run
        With `.sample(n, seed)`, `.generator` and `.history`.

    Raises
    ------
    GankitError
        One of its children in `gankit.errors`, each with a message of one line.
    KeyboardInterrupt
        Ctrl-C was pressed: the step is finished and the run saved in `out`, if that is given. The
        error has it as `.run`. A second Ctrl-C raises at once.
    """
    if settings.get("epochs") is not None and settings.get("steps") is not None:
        raise ConfigError("give epochs or steps, not both")
    if settings.get("evaluate_every") is not None and out is None:
        raise ConfigError(
            f"evaluate_every: got {shown(settings['evaluate_every'])} without out; evaluations are "
            "saved in the run's folder; give out=..."
        )
    if resume and out is None:
        raise ConfigError("resume needs the folder of the run; give out=...")
    called = as_callbacks(callbacks)
    if recipe is not None and not isinstance(recipe, str | os.PathLike):
        raise ConfigError(f"recipe: got {shown(recipe)}; expected a name, or the path of a file")
    folder, data = optional(out, "out"), optional(data_dir, "data_dir")
    given, loss, backend = _by_name(settings)
    name = None if recipe is None else os.fspath(recipe)
    resumed = folder if resume else None
    start = base(name, resumed)
    device = {devices.VARIABLE: asked} if (asked := devices.wanted()) else {}
    sources = [start, *layering.from_environment(device), ("train(...)", given)]
    config = layering.config_of(sources, plugins.get_penalty)
    if resumed and not loss:
        check_loss_known(resumed, config)
    if folder:
        check_folder(RunFolder(folder), resume=resume)
    with downloads_shown() if progress else nullcontext():
        plan = resolve(config, data, loss=loss, backend=backend, resumed=resumed)
    if loss and folder and plan.loss_digest is None:
        raise ConfigError(
            f"loss {loss.name!r}: a run in a folder records a digest of its loss, which needs a "
            "formula in + - * and ops.softplus, ops.relu and ops.mean; train without out="
        )
    tell = Screen(plain=True).write if progress else silent
    with by_ctrl_c() as stop, _with_bar(progress, plan.steps, called) as watched:
        run = launch(
            plan, folder, resume=resume, callbacks=watched, stop=stop, tell_evaluations=tell
        )
    return _whole(run, stop, plan.steps, data)


def fit(
    images: Images,
    generator: Spec | Native,
    discriminator: Spec | Native,
    *,
    steps: int,
    latent: int,
    labels: Labels | None = None,
    backend: str | Backend = AUTO,
    loss: str | Loss = "nonsaturating",
    generator_optimizer: Optimizer = ADAM,
    discriminator_optimizer: Optimizer = ADAM,
    batch: int = 128,
    n_critic: int = 1,
    fresh_noise: bool = True,
    average: Average | None = None,
    penalties: Penalty | Iterable[Penalty] = (),
    auxiliary: float = 0.0,
    label_smoothing: float = 0.0,
    augment: Augment | None = None,
    instance_noise: Rate = 0.0,
    flip: bool = False,
    precision: Precision = "float32",
    mixed: bool = False,
    device: str = AUTO,
    seed: int = 0,
    progress: bool = True,
    callbacks: Callbacks = (),
) -> Run:
    """Train your own networks on your own images, in memory.

    Parameters
    ----------
    images
        `(N, height, width, channels)` or `(N, height, width)`: uint8, or real numbers in [-1, 1].
        N is at least 1.
    generator, discriminator
        Layers of `gankit.layers` in a tuple or a list, or native networks of one framework, such
        as an `nn.Module` or a `keras.Model`, in that framework's own layout of images. Native
        networks are trained in place: afterwards they have the trained weights. The generator
        takes `(n, latent)` noise and makes images in [-1, 1]; the discriminator makes one logit
        per image, without a sigmoid.
    steps
        How many steps to train, at least 1. A step is `n_critic` discriminator updates and one
        generator update.
    latent
        Width of the noise that the generator takes, at least 1.
    labels
        Classes of the images, `(N,)` or `(N, 1)`: whole numbers from 0 on, bool or strings; or
        `(N, K)`, one-hot. Classes without images are left out: the others are numbered from 0 on,
        and `Run.class_names` keeps what they were called. None, the default, trains without
        classes.
    backend
        Name of a backend, or a `gankit.contract.Backend`. "auto", the default, takes the backend
        whose native networks these are; for layers, the first installed of torch, keras, numpy.
    loss
        Name of an adversarial loss, or a `gankit.losses.Loss`; "nonsaturating" by default.
    generator_optimizer, discriminator_optimizer
        `gankit.optimizers.SGD`, `RMSprop` or `Adam`. By default Adam with learning rate 2e-4,
        beta1 0.5, beta2 0.999 and epsilon 1e-7.
    batch
        Images per update, at least 1; 128 by default. They are drawn with replacement.
    n_critic
        Discriminator updates per step, at least 1; 1 by default.
    fresh_noise
        Whether the generator's update draws new noise, the default; if False, it reuses the
        noise of the last discriminator update, which is faster.
    average
        `gankit.optimizers.Average`: how the generator's weights are averaged; samples then come
        from the average. None, the default, for no average.
    penalties
        One `gankit.penalties.Penalty` or several: gradient penalties of the discriminator. None
        by default.
    auxiliary
        Weight of an auxiliary classifier, at least 0. Above 0 the discriminator makes
        1 + classes numbers per image, and `labels` are needed. 0 by default: no classifier.
    label_smoothing
        Share by which real images count as fakes, in [0, 1); 0 by default.
    augment
        `gankit.augment.Augment`: how images change on their way into the discriminator. None, the
        default, for no augmentation.
    instance_noise
        Standard deviation of normal noise that is added to the discriminator's inputs, at least
        0, in units of a pixel's range [-1, 1]; a number or a `gankit.schedules.Schedule`. 0 by
        default.
    flip
        Whether real images are mirrored, left to right, with probability 1/2; False by default.
    precision
        "float32", the default, or "float64", of all weights and computations.
    mixed
        Whether products of matrices and convolutions may round their factors to bfloat16 in
        training, which is faster on some processors; False by default. Needs float32.
    device
        Where to compute, as the backend's framework names it: "cpu", "cuda", "cuda:1". "auto",
        the default, takes the best device.
    seed
        Random seed, in [0, 2^63); 0 by default. Equal seeds give equal runs.
    progress
        Whether to show the progress: a bar in a terminal or a notebook, and plain lines
        elsewhere, on standard error. True by default.
    callbacks
        One or several of: functions of a `gankit.training.Progress`, which are called after every
        step, and callbacks of `gankit.callbacks`, which say when they are due. None by default.
        A function that is called after every step slows quick runs down;
        `gankit.callbacks.every(100, function)` calls it after every hundredth.

    Returns
    -------
    Run
        With `.sample(n, seed)`, `.generator` and `.history`.

    Raises
    ------
    ConfigError
        A value is of a wrong type or out of range; nothing was trained.
    BackendUnavailable
        The backend cannot build this: its framework is missing, or it lacks a capability.
    Diverged
        A loss is no longer finite.
    KeyboardInterrupt
        Ctrl-C was pressed: the step is finished, and the error has the run as `.run`.
    """
    images = array_checks.images(array_checks.array(images), "images", ConfigError, reals=True)
    labels, classes, class_names = _labelled(labels, len(images))
    check_count("steps", steps)
    steps = number(steps)
    step_shape, called = StepShape(batch, n_critic), as_callbacks(callbacks)
    problem = Problem(
        generator=generator,
        discriminator=discriminator,
        latent=latent,
        image_shape=images.shape[1:],
        loss=smoothed(_loss(loss), label_smoothing),
        generator_optimizer=generator_optimizer,
        discriminator_optimizer=discriminator_optimizer,
        fresh_noise=fresh_noise,
        average=average,
        classes=classes,
        auxiliary=auxiliary,
        penalties=as_tuple(penalties),
        augment=augment,
        instance_noise=instance_noise,
        flip=flip,
        precision=precision,
        mixed=mixed,
        device=device if device != AUTO else devices.wanted() or AUTO,
        seed=seed,
    )
    networks = {"generator": problem.generator, "discriminator": problem.discriminator}
    chosen = choose_backend(backend, networks=networks)
    trainer = chosen.trainer(problem)
    warn_of_misuse(Start(problem, trainer, images, labels, batch))
    history = History()
    with by_ctrl_c() as stop, _with_bar(progress, steps, called) as watched:
        step = fit_steps(
            trainer, problem, step_shape, images, labels, steps=steps, stop=stop,
            callbacks=[history, Watchdog(problem, images), *watched],
        )  # fmt: skip
    losses, name = history.losses(), chosen.name
    run = Run(problem, trainer, step, losses, backend=name, class_names=class_names)
    return _whole(run, stop, steps)


@contextmanager
def _with_bar(
    progress: bool, steps: int, called: Sequence[Callback]
) -> Iterator[Sequence[Callback]]:
    """Yield the callbacks, with a bar if `progress` is True; close the bar after the block."""
    if not progress or any(isinstance(callback, Bar) for callback in called):
        yield called
        return
    with closing(Bar(steps)) as bar:
        yield [*called, bar]


def _whole(run: Run, stop: Stop, steps: int, data_dir: Path | None = None) -> Run:
    """Return the run; raise KeyboardInterrupt, with the run as `.run`, if Ctrl-C stopped it."""
    if not stop():
        return run
    said = f"stopped after step {run.step:,} of {steps:,}"
    if run.folder is not None:
        where = f", data_dir={str(data_dir)!r}" if data_dir else ""
        said += f"; saved: go on with gankit.train(out={str(run.folder)!r}, resume=True{where})"
    # No class of our own: Python ends a script as the signal does for this very class alone.
    error = KeyboardInterrupt(f"{said}; this error's .run is the run until here")
    error.run = run  # type: ignore[attr-defined]
    raise error


def load(
    folder: Folder,
    backend: str | Backend | None = None,
    *,
    best: bool = False,
    device: str | None = None,
) -> Run:
    """Load a run at its newest valid checkpoint, with its own backend or another.

    A run that was trained with a `gankit.losses.Loss` loads without it.

    Parameters
    ----------
    folder
        The run's folder.
    backend
        Name of a backend, or a `gankit.contract.Backend`; None, the default, is the run's
        own.
    best
        Whether to load the best step instead: the one with the lowest Fréchet distance among
        evaluated steps with a checkpoint. False by default.
    device
        "auto", or a device as the backend's framework names it. By default `GANKIT_DEVICE`, or
        the device that the run was trained on; if that is not available, the best device, with
        a warning.

    Raises
    ------
    CheckpointError
        The folder holds no run, or no valid or best checkpoint.
    ConfigError
        Its `config.toml` has other settings than the run was trained with.

    Warns
    -----
    UserWarning
        A checkpoint was skipped, or the log of losses is damaged and `history` ends before.
    """
    run = RunFolder.open(paths.given(folder, "folder"))
    config = recorded(run.path)
    checkpoint = _best(run) if best else run.checkpoints.newest_valid(passed_over)
    if checkpoint is None:
        raise CheckpointError(f"{folder} has no valid checkpoint; train on, or choose another run")
    check_unchanged(config, checkpoint, run.path)
    loss = plugins.losses().get(config.loss) or absent(config.loss)
    problem = config.problem(config.image_shape, loss)
    chosen = choose_backend(backend or config.backend)
    if asked := devices.wanted(device):
        problem = dataclasses.replace(problem, device=asked)
        trainer = chosen.trainer(problem)
    else:
        trainer, problem = devices.built(chosen, problem, run.path)
    trainer.load_state(checkpoint.state)
    losses = _losses(run, checkpoint)
    names = class_names_of.read(run.classes)
    return Run(problem, trainer, checkpoint.step, losses, config, run.path, chosen.name, names)


def _losses(run: RunFolder, checkpoint: Checkpoint) -> LossHistory:
    """Return the losses up to a checkpoint; those before the damage, with a warning, if any is."""
    try:
        losses, damage = loss_log.read_valid(run.losses)
        damage = damage or loss_log.fault(run.losses, checkpoint.info.get("log"))
    except CheckpointError as error:
        losses, damage = np.empty((0, 2)), str(error)
    if damage:
        warn(f"{damage}; nothing but the history needs it")
    return LossHistory(losses[: checkpoint.step])


def _best(run: RunFolder) -> Checkpoint:
    """Return the checkpoint of the best step; CheckpointError where none is known."""
    while (found := best_of(run, passed_over)) is not None:
        step = int(found["step"])
        try:
            return run.checkpoints.load(step)
        except CheckpointError:
            if step in run.checkpoints.steps():
                raise
            # The run is training: another step is the best now, and this one was removed.
    raise CheckpointError(
        f"{run.path} has no best checkpoint: none of those there was evaluated; "
        "train on with evaluate_every=1, or take the newest"
    )


def _loss(given: str | Loss) -> Loss:
    """Return a loss that is given itself, or by its name."""
    if isinstance(given, Loss):
        return given
    if not isinstance(given, str):
        raise ConfigError(f"loss: got {shown(given)}; expected a name, or a gankit.losses.Loss")
    return plugins.get_loss(given)


def _by_name(settings: Settings) -> tuple[dict[str, Any], Loss | None, Backend | None]:
    """Return settings with names in place of objects, and the objects."""
    given: dict[str, Any] = dict(settings)
    loss, backend, dataset = (given.get(name) for name in ("loss", "backend", "dataset"))
    for name, thing, kind in (("loss", loss, Loss), ("backend", backend, Backend)):
        if isinstance(thing, kind):
            given[name] = thing.name
    if isinstance(dataset, Dataset):
        if plugins.datasets().get(dataset.name) != dataset:
            raise ConfigError(
                f"dataset: {dataset.name!r} is not registered; call gankit.register(dataset) first"
            )
        given["dataset"] = dataset.name
    elif dataset is not None and not isinstance(dataset, str | os.PathLike):
        raise ConfigError(
            f"dataset: got {shown(dataset)}; expected a name or a path; give images to gankit.fit, "
            "or save them with numpy.save and give the file's path"
        )
    if isinstance(given.get("penalties"), Penalty | str):
        given["penalties"] = (given["penalties"],)
    for role in ("generator", "discriminator"):
        if isinstance(layers := given.get(role), list | tuple | Layer):
            given[role] = {"layers": layers if isinstance(layers, list | tuple) else [layers]}
    return (
        given,
        loss if isinstance(loss, Loss) else None,
        backend if isinstance(backend, Backend) else None,
    )


def _labelled(labels: object, count: int) -> tuple[NDArray[np.int64] | None, int, tuple[str, ...]]:
    """Return the labels as whole numbers without gaps, how many classes there are, and names."""
    if labels is None:
        return None, 0, ()
    found, names = as_labels(array_checks.array(labels, "labels"), "labels", ConfigError)
    if len(found) != count:
        raise ConfigError(f"labels: got {len(found)}; expected {count}, one for each image")
    numbers, names = without_gaps(found, names)
    return numbers, len(names) or int(numbers.max()) + 1, names
