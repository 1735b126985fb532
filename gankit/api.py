"""The main functions of gankit: train, fit, load."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TypeAlias, Unpack

from gankit._utils.field_types import as_tuple
from gankit._utils.known_arguments import known_arguments
from gankit._utils.paths import optional
from gankit.augment import Augment
from gankit.codes import Code
from gankit.config import AUTO, learning_rates
from gankit.config.settings import Settings
from gankit.contract import Backend, Labels, Native, Precision, Problem, SourceKind
from gankit.contract.network_inputs import INPUTS, SEES, as_sees
from gankit.contract.term_checks import head_width
from gankit.data.inputs.recognise import GivenImages
from gankit.launch import devices
from gankit.launch.from_python.fit_images import fit_images
from gankit.launch.from_python.given_sources import source_settings, with_given_sources
from gankit.launch.from_python.load_run import load_run
from gankit.launch.from_python.named_networks import network_of
from gankit.launch.from_python.named_settings import SETTING_REMEDIES, loss_of, penalties_of
from gankit.launch.from_python.read_given import read_for_fit, read_test_images
from gankit.launch.from_python.train_recipe import train_recipe
from gankit.launch.run import Run
from gankit.launch.warm_start.init_from import Missing, Networks, init_request
from gankit.layers import Spec
from gankit.losses import Loss, smoothed, with_options
from gankit.losses import lecam as with_lecam
from gankit.losses import swapped as swapped_loss
from gankit.optimizers import Adam, Average, Optimizer
from gankit.passes import FurtherNetwork
from gankit.penalties import Penalty
from gankit.schedules import Rate
from gankit.terms import Term
from gankit.training import Callbacks

ADAM = Adam()
"""The default optimizer of `fit`, as in the recipe `simple`."""

__all__ = ["Run", "fit", "load", "train"]

Folder: TypeAlias = str | os.PathLike[str]

FIT_REMEDIES = learning_rates.remedies("{}_optimizer=Adam(learning_rate=...)")


@known_arguments(Settings.__annotations__, SETTING_REMEDIES)
def train(
    recipe: Folder | None = None,
    *,
    out: Folder | None = None,
    resume: bool = False,
    init_from: Folder | None = None,
    init_networks: Networks | None = None,
    init_missing: Missing | None = None,
    data_dir: Folder | None = None,
    processes: int = 1,
    progress: bool = True,
    callbacks: Callbacks = (),
    **settings: Unpack[Settings],
) -> Run:
    """Train a recipe on a named data set, as `gankit train` does.

    Parameters
    ----------
    recipe
        A recipe's name, as `gankit recipes list` shows it, or the path of a TOML file. None, the
        default, is the recipe of the resumed run, or else the one that fits the images: "simple"
        for 28x28 grey, and "pictures", or "simple" at other sizes, for others.
    out
        The run's folder; None, the default, trains in memory.
    resume
        Whether to resume from the newest valid checkpoint in `out`, if it has one; False by
        default.
    init_from
        A run to begin with, as RUN, RUN@STEP or RUN@best: the weights of its newest checkpoint, of
        a step, or of the best evaluated one. Layers are matched by their names, whatever backend
        trained them; the optimizers are new. None, the default, begins with initial weights.
        Without `recipe`, the other run's settings take the recipe's place.
    init_networks
        Which networks `init_from` loads: "both", "generator" or "discriminator". None, the
        default, is "both".
    init_missing
        What happens to layers that the other run lacks, or has in other shapes: "refuse" raises an
        error that lists them, "fresh" begins with initial weights in them. None, the default, is
        "refuse".
    data_dir
        A folder with the data set's files; None, the default, uses `GANKIT_DATA` and the
        usual folders.
    processes
        Processes on this machine that train the run together; 1, the default, trains in this one.
        Their number changes the speed, not the results. It needs `out` and a backend that can, such
        as "torch"; objects that other processes cannot get are refused: callbacks, a `Loss`, a
        `Backend`, images. The run is loaded from `out`.
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
        its values and gradients, so resuming takes the same loss again and no other. `dataset`
        may be images as `fit` takes them, or images and labels in a tuple; they are converted to
        uint8. The run records "memory" and their digest, so resuming takes the same images again
        and no others.

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
    return train_recipe(
        recipe,
        optional(out, "out"),
        optional(data_dir, "data_dir"),
        settings,
        warm=init_request(init_from, init_networks, init_missing),
        resume=resume,
        processes=processes,
        progress=progress,
        callbacks=callbacks,
    )


@known_arguments(remedies=FIT_REMEDIES)
def fit(
    images: GivenImages,
    generator: Spec | Native | str,
    discriminator: Spec | Native | str,
    *,
    latent: int,
    steps: int | None = None,
    epochs: int | None = None,
    minutes: float | None = None,
    labels: Labels | Iterable[object] | bool | None = None,
    labelled_share: float | None = None,
    backend: str | Backend = AUTO,
    loss: str | Loss = "nonsaturating",
    generator_optimizer: Optimizer = ADAM,
    discriminator_optimizer: Optimizer = ADAM,
    batch: int = 128,
    n_critic: int = 1,
    fresh_noise: bool = True,
    average: Average | None = None,
    penalties: Penalty | str | Iterable[Penalty | str] = (),
    auxiliary: float = 0.0,
    source: SourceKind | None = None,
    source_images: GivenImages | str | None = None,
    inputs: str | Iterable[str] = INPUTS,
    sees: Mapping[str, Iterable[str]] | None = None,
    codes: Code | Iterable[Code] = (),
    heads: Mapping[str, int] | None = None,
    terms: Term | Iterable[Term] = (),
    networks: Mapping[str, FurtherNetwork] | None = None,
    passes: Mapping[str, str] | None = None,
    loss_options: Mapping[str, float] | None = None,
    label_smoothing: float = 0.0,
    swapped: bool = False,
    lecam: float = 0.0,
    augment: Augment | None = None,
    instance_noise: Rate = 0.0,
    flip: bool = False,
    freeze: str | Iterable[str] = (),
    precision: Precision = "float32",
    mixed: bool = False,
    device: str = AUTO,
    seed: int = 0,
    out: Folder | None = None,
    resume: bool = False,
    init_from: Folder | None = None,
    init_networks: Networks | None = None,
    init_missing: Missing | None = None,
    sample_every: int = 10,
    checkpoint_every: int | None = None,
    evaluate_every: int | None = None,
    test_images: GivenImages | None = None,
    progress: bool = True,
    callbacks: Callbacks = (),
) -> Run:
    """Train your own networks on your own images, in memory or in a folder.

    Parameters
    ----------
    images
        `(N, height, width, channels)` or `(N, height, width)`: uint8, or real numbers in [-1, 1];
        `(N, channels, height, width)` with 1 or 3 channels is transposed. N is at least 1. Also a
        list of pictures, a `Dataset` or `DataLoader` of torch, a `tf.data.Dataset`, a
        `datasets.Dataset`, or a generator, which are converted to uint8; those of more than 128
        MiB are written into a file in the cache folder.
    generator, discriminator
        Layers of `gankit.layers` in a tuple or a list, or native networks of one framework, such
        as an `nn.Module` or a `keras.Model`, in that framework's own layout of images. Native
        networks are trained in place: afterwards they have the trained weights. The generator
        takes `(n, latent)` noise and makes images in [-1, 1]; the discriminator makes one logit
        per image, without a sigmoid. The name of a family, such as "dcgan", takes its networks for
        images of this shape: see `gankit.recipes.families.networks`.
    latent
        Number of normal columns of the noise that the generator takes, at least 1.
    steps
        How many steps to train, at least 1. A step is `n_critic` discriminator updates and one
        generator update.
    epochs
        How many epochs to train, instead of `steps`; an epoch is N / `batch` steps, rounded up.
    minutes
        Minutes of training after which the run ends with a checkpoint, even if steps are left;
        above 0. None, the default, for no limit. A resumed run counts the minutes before.
    labels
        Classes of the images, `(N,)` or `(N, 1)`: whole numbers from 0 on, bool or strings; or
        `(N, K)`, one-hot. -1 stands for no label, where only terms of "real/NAME" use labels. Any
        other `(N, d)` are vectors: real numbers, or attributes of 0 and 1.
        Classes without images are left out: the others are numbered from 0 on, and
        `Run.class_names` keeps what they were called. True takes the labels of a data set. None,
        the default, trains without classes.
    labelled_share
        Share of each batch that is drawn from the images with a label, above 0 and at most 1; None,
        the default, draws all images alike.
    backend
        Name of a backend, or a `gankit.contract.Backend`. "auto", the default, takes the backend
        whose native networks these are; for layers, the first installed of torch, keras, numpy.
    loss
        Name of an adversarial loss, or a `gankit.losses.Loss`; "nonsaturating" by default.
    generator_optimizer, discriminator_optimizer
        `gankit.optimizers.SGD`, `RMSprop` or `Adam`; `Adam()` by default.
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
        One `gankit.penalties.Penalty` or several, or names of plugins' penalties: gradient
        penalties of the discriminator. None by default.
    auxiliary
        Weight of an auxiliary classifier, at least 0. Above 0 the discriminator makes
        1 + classes numbers per image, and `labels` are needed. 0 by default: no classifier.
    source
        Whether networks can take sources, a second set of images: "paired", one for each image, or
        "unpaired". None, the default, for none. Networks are layers of gankit then.
    source_images
        The sources, like `images`; or "edges", "grey", "masked" or "shrunk", computed from the
        images. None, the default, without `source`.
    inputs
        What the generator takes, in this order: "noise", the default, "source" or both.
    sees
        The values that the discriminator takes of each half: `{"real": ("real", "source"), "fake":
        ("fake", "source")}`. None, the default, for the images alone.
    codes
        `gankit.codes.Code`, one or several: columns of the noise with a meaning, after the normal
        ones. None by default.
    heads
        The number of columns of each head of the discriminator, by its name, such as
        `{"digit": 10}`; its outputs are the logit, then these. None, the default, for no heads.
    terms
        `gankit.terms.Term`, one or several: terms of the losses that compare heads with codes or
        labels, or generated images with others. None by default.
    networks
        `gankit.passes.FurtherNetwork` by name, such as an encoder. None, the default, for none.
    passes
        Values that networks make of others, by name: `{"code": "encoder(real)"}`, which `sees` can
        name. None, the default, for none.
    loss_options
        The loss's own numbers by name, such as `{"margin": 0.5}` of "ebgan". None by default.
    label_smoothing
        Share by which real images count as fakes, in [0, 1); 0 by default.
    swapped
        Whether the generator minimises the discriminator's formula with real and generated values
        exchanged, instead of its own; False by default.
    lecam
        Weight of LeCam regularisation (Tseng et al. 2021), `gankit.losses.lecam`; 0 by default.
    augment
        `gankit.augment.Augment`: how images change on their way into the discriminator. None, the
        default, for no augmentation.
    instance_noise
        Standard deviation of normal noise that is added to the discriminator's inputs, at least
        0, in units of a pixel's range [-1, 1]; a number or a `gankit.schedules.Schedule`. 0 by
        default.
    flip
        Whether real images are mirrored, left to right, with probability 1/2; False by default.
    freeze
        Layers of gankit whose weights do not change: "discriminator:0-3", or several such texts.
        None by default. Freeze weights of native networks with their framework.
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
    out
        The run's folder, as `gankit train` writes it; None, the default, trains in memory. It
        records a native network by its class and its weights.
    resume
        Whether to resume from the newest valid checkpoint in `out`, if it has one; False by
        default. Give the same arguments as before; `steps`, `epochs` and the intervals may differ.
    init_from
        A run to begin with, as RUN, RUN@STEP or RUN@best: the weights of its newest checkpoint, of
        a step, or of the best evaluated one. Layers are matched by their names, whatever backend
        trained them; the optimizers are new. None, the default, begins with initial weights.
        A run of native networks gives its weights to networks of the same framework.
    init_networks
        Which networks `init_from` loads: "both", "generator" or "discriminator". None, the
        default, is "both".
    init_missing
        What happens to layers that the other run lacks, or has in other shapes: "refuse" raises an
        error that lists them, "fresh" begins with initial weights in them. None, the default, is
        "refuse".
    sample_every
        Epochs between sample grids; 10 by default.
    checkpoint_every
        Steps between checkpoints; None, the default, takes an epoch's. The newest three are kept.
    evaluate_every
        Epochs between evaluations, which the folder keeps with the best checkpoint; None, the
        default, for no evaluation.
    test_images
        Six or more held-out images of the same shape as `images`. Evaluations measure them for
        comparison; by default, half of `images`. With their labels in a tuple, the accuracy of a
        head "class" is measured too.
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
    data, chosen_loss = read_for_fit(images, labels, progress=progress), loss_of(loss)
    data = with_given_sources(data, source, source_images, progress=progress)
    shape, heads = data.images.shape[1:], heads or {}
    own = with_options(chosen_loss, loss_options or {})
    smooth = smoothed(own, label_smoothing)
    outputs = 1 + (data.classes if auxiliary else 0) + head_width(heads, auxiliary=auxiliary > 0)
    problem = Problem(
        generator=network_of(generator, "generator", shape),
        discriminator=network_of(discriminator, "discriminator", shape, outputs),
        latent=latent,
        image_shape=shape,
        loss=with_lecam(swapped_loss(smooth) if swapped else smooth, lecam),
        generator_optimizer=generator_optimizer,
        discriminator_optimizer=discriminator_optimizer,
        fresh_noise=fresh_noise,
        average=average,
        classes=data.classes,
        conditions=data.conditions,
        auxiliary=auxiliary,
        source=source,
        source_shape=None if data.sources is None else data.sources.shape[1:],
        inputs=as_tuple(inputs),
        sees=as_sees(sees or SEES),
        codes=as_tuple(codes),
        heads=heads,
        terms=as_tuple(terms),
        networks=networks or {},
        passes=passes or {},
        penalties=penalties_of(penalties),
        augment=augment,
        instance_noise=instance_noise,
        flip=flip,
        freeze=as_tuple(freeze),
        precision=precision,
        mixed=mixed,
        device=device if device != AUTO else devices.wanted() or AUTO,
        seed=seed,
    )
    settings = {
        "batch": batch, "n_critic": n_critic, "label_smoothing": label_smoothing, "lecam": lecam,
        "steps": steps,
        "epochs": epochs, "minutes": minutes, "sample_every": sample_every,
        "checkpoint_every": checkpoint_every, "evaluate_every": evaluate_every,
        **source_settings(data),
        "labelled_share": labelled_share, "swapped": swapped,
        "loss_options": dict(loss_options or {}),
    }  # fmt: skip
    unseen = None if test_images is None else read_test_images(test_images, data)
    return fit_images(
        data, problem, chosen_loss, backend, settings, test_images=unseen,
        warm=init_request(init_from, init_networks, init_missing),
        out=optional(out, "out"), resume=resume, progress=progress, callbacks=callbacks,
    )  # fmt: skip


@known_arguments()
def load(
    folder: Folder,
    backend: str | Backend | None = None,
    *,
    best: bool = False,
    device: str | None = None,
    generator: Native | None = None,
    discriminator: Native | None = None,
) -> Run:
    """Load a run at its newest valid checkpoint, with its own backend or another.

    A run that was trained with a `gankit.losses.Loss` loads without it.

    Parameters
    ----------
    folder
        The run's folder; or "pretrained:digits", a generator that gankit ships, in a run in memory
        whose discriminator is new.
    backend
        Name of a backend, or a `gankit.contract.Backend`; None, the default, is the run's
        own, and "numpy" for a generator that gankit ships.
    best
        Whether to load the best step instead: the one with the lowest Fréchet distance among
        evaluated steps with a checkpoint. False by default.
    device
        "auto", or a device as the backend's framework names it. By default `GANKIT_DEVICE`, or
        the device that the run was trained on; if that is not available, the best device, with
        a warning.
    generator, discriminator
        The native networks of a run of `gankit.fit`, built as there; they get the trained weights
        in place. None, the default, for a run of layers.

    Raises
    ------
    CheckpointError
        The folder holds no run, or no valid or best checkpoint, or native networks have other
        weights.
    ConfigError
        Its `config.toml` has other settings than the run was trained with, or the run has native
        networks that are not given, or layers where a network is given.

    Warns
    -----
    UserWarning
        A checkpoint was skipped, or the log of losses is damaged and `history` ends before.
    """
    given = {"generator": generator, "discriminator": discriminator}
    native = {role: network for role, network in given.items() if network is not None}
    return load_run(folder, backend, best=best, device=device, networks=native)
