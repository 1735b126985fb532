"""Invert images of any source with a run, and interpolate between them."""

from __future__ import annotations

from contextlib import closing, nullcontext
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._utils.counts import check_count
from gankit.callbacks.stage_bar import StageBar
from gankit.conditions import scaled, unscaled
from gankit.contract import AnyLabels, Array, DifferentiableGenerator, Generator, Problem
from gankit.contract.latents import interpolated
from gankit.contract.random_streams import check_seed
from gankit.data.named_images import NamedImages
from gankit.errors import ConfigError, Unsupported, shown
from gankit.inversion import Inversion, invert
from gankit.launch.evaluation.trained_run import Trained
from gankit.launch.run.class_labels import LabelChoice, class_labels, classes_of
from gankit.launch.run.condition_labels import given_labels
from gankit.launch.run.given_images import given_as_trained
from gankit.launch.run.noise_chunks import row_chunks
from gankit.launch.run.translate_images import sources_of

SEARCHING = "searching"


def invert_images(
    run: Trained,
    images: object,
    steps: int,
    restarts: int,
    seed: int,
    labels: LabelChoice | None,
    *,
    sources: object = None,
    derive: bool = False,
    skip_bad: bool = False,
    progress: bool = True,
) -> Inversion:
    """Return the inversion of images; all arguments are those of `gankit.Run.invert`."""
    check_count("steps", steps)
    check_count("restarts", restarts)
    check_seed(seed)
    problem = run.problem
    _check_sources(problem, given=sources is not None, derive=derive)
    network = _differentiable(run)
    given = given_as_trained(run, images, skip_bad=skip_bad)
    found, vectors = given.images, problem.generator_labels.columns > 0
    chosen: AnyLabels | None
    if vectors:
        chosen = given_labels(problem.conditions, len(found), labels)
    else:
        chosen = None if labels is None else class_labels(classes_of(run), len(found), labels)
    beside = _sources(run, given, sources, derive=derive) if problem.takes_source else None
    with closing(StageBar()) if progress else nullcontext(_unwatched) as watch:
        result = invert(
            network,
            problem.scale(np.asarray(found)),
            problem,
            labels=scaled(problem.conditions, chosen) if vectors and chosen is not None else chosen,
            sources=None if beside is None else problem.scale(beside),
            steps=steps,
            restarts=restarts,
            seed=seed,
            watch=lambda part: watch(SEARCHING, part),
        )
    if vectors and chosen is not None and result.labels is not None:
        searched = unscaled(problem.conditions, result.labels)
        result = result._replace(labels=np.where(np.isnan(chosen), searched, chosen))
    return Inversion(given.names, found, *result, beside)


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
    problem, pairs = run.problem, range(len(inversion) - 1)
    turns = [pair + (step >= steps / 2) for pair in pairs for step in range(steps)]
    labels = None if inversion.labels is None else inversion.labels[turns]
    if inversion.labels is not None and problem.generator_labels.columns:
        shares = np.linspace(0, 1, steps)[:, np.newaxis]
        before, after = inversion.labels[:-1, np.newaxis], inversion.labels[1:, np.newaxis]
        between = before + shares * (after - before)
        labels = scaled(problem.conditions, between.reshape(len(turns), -1))
    sources = None if inversion.sources is None else inversion.sources[turns]
    made, start = [], 0
    for part in row_chunks(noise.reshape(-1, noise.shape[-1])):
        rows = slice(start, start + len(part))
        source = None if sources is None else problem.scale(sources[rows])
        own = None if labels is None else labels[rows]
        made.append(run.generator(problem.generator_inputs(part, source), own))
        start += len(part)
    images = np.concatenate(made).reshape(*noise.shape[:2], *problem.image_shape)
    ends = problem.scale(np.asarray(inversion.originals))[:, np.newaxis]
    return np.concatenate([ends[:-1], images, ends[1:]], axis=1)


def _check_own(run: Trained, inversion: Inversion) -> None:
    """Raise ConfigError if the inversion cannot be one by this run's generator."""
    problem = run.problem
    labels, sources = (
        None if each is None else each.shape[1:] for each in (inversion.labels, inversion.sources)
    )
    labelled = problem.generator_labels
    wanted = (
        (problem.noise_width,),
        tuple(problem.image_shape),
        (labelled.columns,) if labelled.columns else () if labelled else None,
        problem.source_shape if problem.takes_source else None,
    )
    if (inversion.latents.shape[1:], inversion.images.shape[1:], labels, sources) != wanted:
        raise ConfigError("inversion: got that of another run; expected the result of run.invert")


def _check_sources(problem: Problem, *, given: bool, derive: bool) -> None:
    """Raise ConfigError unless the generator takes noise, and the sources that are given."""
    if not problem.takes_noise:
        raise ConfigError(
            "the run's generator takes source images alone, so there is no noise to search; call "
            "run.translate(images) or gankit translate"
        )
    if problem.takes_source and given == derive:
        raise ConfigError(
            f"sources: got {'both sources and' if given else 'neither sources nor'} derive; "
            "expected one of them, as the run's generator takes noise and source images"
        )
    if not problem.takes_source and (given or derive):
        raise ConfigError(
            f"{'sources' if given else 'derive'}: the run's generator takes no source images; "
            "leave it out"
        )


def _sources(run: Trained, given: NamedImages, sources: object, *, derive: bool) -> NDArray[Any]:
    """Return the source of each image: given in the same order, or computed from it."""
    if derive:
        return np.asarray(sources_of(run, np.asarray(given.images), derive=True)[0].images)
    found, _ = sources_of(run, sources)
    if len(found.images) != len(given.images):
        raise ConfigError(
            f"sources: got {len(found.images)}; expected {len(given.images)}, one for each image"
        )
    numbers = tuple(map(str, range(len(found.names))))
    if numbers in (given.names, found.names):
        return np.asarray(found.images)
    for image, source in zip(given.names, found.names, strict=True):
        if PurePath(image).with_suffix("") != PurePath(source).with_suffix(""):
            raise ConfigError(
                f"sources: got {source!r} for {image!r}; expected the same file names in both "
                "folders"
            )
    return np.asarray(found.images)


def _differentiable(run: Trained) -> DifferentiableGenerator:
    """Return the run's generator; raise Unsupported if it has no gradient at the noise."""
    network: Generator = run.generator
    if isinstance(network, DifferentiableGenerator):
        return network
    raise Unsupported(
        "inversion needs a backend with the capability noise-gradients; load the run with another "
        "one, such as gankit.load(folder, backend='numpy') or --backend numpy"
    )


def _unwatched(_stage: str, _part: float) -> None:
    """Show nothing."""
