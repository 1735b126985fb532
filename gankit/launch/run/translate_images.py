"""Translate source images of any origin with a run whose generator takes sources."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

from gankit._utils import paths
from gankit.contract import Array
from gankit.data import ImageOptions
from gankit.data.derived_sources import DERIVED, derived
from gankit.data.image_options import CHANNELS
from gankit.data.memory_data import memory_data
from gankit.data.named_images import NamedImages, named_images
from gankit.errors import ConfigError
from gankit.launch.evaluation.pairs import pairs_of
from gankit.launch.evaluation.reference_data import held_out
from gankit.launch.evaluation.trained_run import Trained
from gankit.launch.resume.run_images import images_of, known_images
from gankit.layers import Shape
from gankit.runs import RunFolder

NO_SOURCES = (
    "the run's generator takes source images; give some: run.translate(images), or "
    "gankit translate RUN PICTURES"
)
OWN = 20
"""Sources of the run's data set that are shown."""


def check_takes_source(run: Trained) -> None:
    """Raise ConfigError unless the run's generator takes sources."""
    if not run.problem.takes_source:
        raise ConfigError(
            "the run's generator takes noise, not source images; run.sample(n) or gankit sample "
            "RUN draws images"
        )


def sources_of(
    run: Trained, images: object, *, derive: bool = False, skip_bad: bool = False
) -> tuple[NamedImages, NDArray[np.uint8] | None]:
    """Return sources with their names, and the pictures that they were computed from, if any.

    Parameters
    ----------
    run
        The run.
    images, derive, skip_bad
        As in `gankit.Run.translate`.
    """
    check_takes_source(run)
    problem = run.problem
    if not derive:
        return _read(images, tuple(problem.source_shape or ()), skip_bad=skip_bad), None
    kind = run.config.source_images if run.config else None
    if kind not in DERIVED:
        raise ConfigError(
            f"derive: got True for a run with sources of {kind!r}; expected a run "
            f"with source_images {', '.join(map(repr, DERIVED))}"
        )
    given = _read(images, tuple(problem.image_shape), skip_bad=skip_bad)
    return NamedImages(derived(given.images, kind), given.names), given.images


def own_sources(run: Trained, count: int = OWN) -> tuple[NamedImages, NDArray[np.uint8] | None]:
    """Return sources of the run's data set, and the true images if they are known.

    Raises
    ------
    ConfigError
        The run has no configuration.
    DataError
        The images cannot be loaded, or are not those that the run was trained on.
    """
    if run.config is None:
        raise ConfigError("run: its data set is unknown; give images")
    known = known_images(RunFolder(run.folder)) if run.folder else {}
    data = images_of(run.config, known).images
    found = pairs_of(data, held_out(run.config.dataset, None, None))
    if found is None:
        raise ConfigError("run: its images have no sources; give images")
    pairs = found(count)
    return NamedImages(pairs.sources, tuple(map(str, range(len(pairs.sources))))), pairs.true


def translated(run: Trained, sources: NDArray[np.uint8], seed: int = 0) -> Array:
    """Return the images that a run makes of sources, `(n, height, width, channels)` in [-1, 1]."""
    return np.concatenate(list(run.chunks(len(sources), seed, source=sources)))


def _read(images: object, shape: Shape, *, skip_bad: bool) -> NamedImages:
    """Return images of a shape, with their names: pictures are resized, arrays must have it."""
    if isinstance(images, str | os.PathLike):
        height, width, channels = shape
        options = ImageOptions((height, width), CHANNELS.get(channels), skip_bad=skip_bad)
        found = named_images(paths.given(images, "images"), options)
    else:
        array = np.asarray(memory_data(images, None).images)
        found = NamedImages(array, tuple(map(str, range(len(array)))))
    if found.images.shape[1:] != shape:
        raise ConfigError(f"images: got images of {found.images.shape[1:]}; the run takes {shape}")
    return found
