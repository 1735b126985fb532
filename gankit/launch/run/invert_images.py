"""Invert images of any source with a run, and interpolate between them."""

from __future__ import annotations

import dataclasses
import os
from contextlib import closing, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._utils import paths
from gankit._utils.counts import check_count
from gankit.callbacks.stage_bar import StageBar
from gankit.contract import Array, DifferentiableGenerator, Generator
from gankit.contract.latents import interpolated
from gankit.contract.random_streams import check_seed
from gankit.data.memory_data import memory_data
from gankit.data.named_images import NamedImages, named_images
from gankit.errors import ConfigError, Unsupported, shown
from gankit.inversion import Inversion, invert
from gankit.launch.evaluation.trained_run import Trained
from gankit.launch.run.class_labels import LabelChoice, class_labels, classes_of
from gankit.launch.run.noise_chunks import row_chunks
from gankit.launch.training_data import own_options

SEARCHING = "searching"


def invert_images(
    run: Trained,
    images: object,
    steps: int,
    restarts: int,
    seed: int,
    labels: LabelChoice | None,
    *,
    skip_bad: bool = False,
    progress: bool = True,
) -> Inversion:
    """Return the inversion of images; all arguments are those of `gankit.Run.invert`."""
    check_count("steps", steps)
    check_count("restarts", restarts)
    check_seed(seed)
    if run.problem.generator_labels.columns:
        raise ConfigError(
            "run: got a generator of labels that are vectors; expected one of classes, or without "
            "labels"
        )
    network = _differentiable(run)
    given = _given(run, images, skip_bad=skip_bad)
    found, classes = given.images, classes_of(run)
    chosen = None if labels is None else class_labels(classes, len(found), labels)
    with closing(StageBar()) if progress else nullcontext(_unwatched) as watch:
        result = invert(
            network,
            run.problem.scale(np.asarray(found)),
            latent=run.problem.noise_width,
            classes=len(classes.names),
            labels=chosen,
            steps=steps,
            restarts=restarts,
            seed=seed,
            watch=lambda part: watch(SEARCHING, part),
        )
    return Inversion(given.names, found, *result)


def paths_between(run: Trained, inversion: Inversion, steps: int) -> Array:
    """Return the images between each inverted image and the next, as `gankit.Run.paths`."""
    if not isinstance(inversion, Inversion):
        raise ConfigError(
            f"inversion: got {shown(inversion)}; expected the result of run.invert(images)"
        )
    if len(inversion) < 2:
        raise ConfigError(f"inversion: got {len(inversion)} image; a path needs at least two")
    _check_own(run, inversion)
    noise = interpolated(inversion.latents, steps, run.problem.latent)
    labels = None
    if inversion.labels is not None:
        first = np.arange(steps) < steps / 2
        before, after = inversion.labels[:-1, np.newaxis], inversion.labels[1:, np.newaxis]
        labels = np.where(first, before, after).reshape(-1)
    made, start = [], 0
    for part in row_chunks(noise.reshape(-1, noise.shape[-1])):
        own = None if labels is None else labels[start : start + len(part)]
        made.append(run.generator(part, own))
        start += len(part)
    between = np.concatenate(made).reshape(*noise.shape[:2], *run.problem.image_shape)
    ends = run.problem.scale(np.asarray(inversion.originals))[:, np.newaxis]
    return np.concatenate([ends[:-1], between, ends[1:]], axis=1)


def _check_own(run: Trained, inversion: Inversion) -> None:
    """Raise ConfigError if the inversion cannot be one by this run's generator."""
    found = (inversion.latents.shape[1:], inversion.images.shape[1:], inversion.labels is not None)
    conditional = len(classes_of(run).names) > 0
    if found != ((run.problem.noise_width,), tuple(run.problem.image_shape), conditional):
        raise ConfigError("inversion: got that of another run; expected the result of run.invert")


def _differentiable(run: Trained) -> DifferentiableGenerator:
    """Return the run's generator; raise Unsupported if it has no gradient at the noise."""
    network: Generator = run.generator
    if isinstance(network, DifferentiableGenerator):
        return network
    raise Unsupported(
        "inversion needs a backend with the capability noise-gradients; load the run with another "
        "one, such as gankit.load(folder, backend='numpy') or --backend numpy"
    )


def _given(run: Trained, images: object, *, skip_bad: bool) -> NamedImages:
    """Return images of the generator's shape, with their names."""
    shape = run.problem.image_shape
    if isinstance(images, str | os.PathLike):
        recorded = run.config.images if run.config else None
        options = dataclasses.replace(own_options(recorded, shape), skip_bad=skip_bad)
        found = named_images(paths.given(images, "images"), options)
    else:
        data = memory_data(images, None, reals=True).images
        found = NamedImages(data, tuple(map(str, range(len(data)))))
    _check_shape(found.images, shape)
    return found


def _check_shape(images: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Raise ConfigError unless there are images, and they have the generator's shape."""
    if not len(images):
        raise ConfigError("images: got none; expected at least 1")
    if images.shape[1:] != tuple(shape):
        found, made = ("x".join(map(str, each)) for each in (images.shape[1:], shape))
        raise ConfigError(
            f"images: got {found}; expected {made}, as the generator makes; give a folder of "
            "pictures, which are resized, or resize the array"
        )


def _unwatched(_stage: str, _part: float) -> None:
    """Show nothing."""
