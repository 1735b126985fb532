"""Translate images of any origin with a network of a run that makes images of images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.contract import Array
from gankit.contract.network_inputs import REAL
from gankit.data.derived_sources import DERIVED, derived
from gankit.data.named_images import NamedImages
from gankit.errors import ConfigError
from gankit.launch.evaluation.pairs import evenly_spaced, pairs_of
from gankit.launch.evaluation.reference_data import held_out
from gankit.launch.evaluation.trained_run import Trained
from gankit.launch.further_networks import further_networks
from gankit.launch.resume.run_images import images_of, known_images
from gankit.launch.run.given_images import given_as_trained, given_images
from gankit.launch.run.noise_chunks import row_chunks
from gankit.launch.translations import Translation, translation_of
from gankit.runs import RunFolder
from gankit.terms import GENERATOR
from gankit.visual.images import to_uint8

NO_SOURCES = (
    "the run's generator takes source images; give some: run.translate(images), or "
    "gankit translate RUN PICTURES"
)
OWN = 20
"""Images of the run's data set that are shown."""


def chosen_translation(run: Trained, network: str | None = None) -> Translation:
    """Return what a `network` of a run takes and makes, by default the generator.

    Raises
    ------
    ConfigError
        The generator takes no sources.
    UnknownName
        There is no such network, or it does not make images of images.
    """
    if network is None and not run.problem.takes_source:
        raise ConfigError(
            "the run's generator takes noise, not source images; run.sample(n) or gankit sample "
            "RUN draws images"
        )
    return translation_of(run.problem, network or GENERATOR)


def sources_of(
    run: Trained,
    images: object,
    *,
    derive: bool = False,
    skip_bad: bool = False,
    network: str | None = None,
) -> tuple[NamedImages, NDArray[np.uint8] | None]:
    """Return what a network takes with names, and the pictures it was computed from, if any.

    Parameters
    ----------
    run
        The run.
    images, derive, skip_bad, network
        As in `gankit.Run.translate`.
    """
    chosen = chosen_translation(run, network)
    if not derive:
        return given_images(images, chosen.shape, skip_bad=skip_bad), None
    if chosen.start == REAL:
        raise ConfigError(
            f"derive: got True for the network {chosen.network!r}, which takes images that the run "
            "generates; leave it out"
        )
    kind = run.config.source_images if run.config else None
    if kind not in DERIVED:
        raise ConfigError(
            f"derive: got True for a run with sources of {kind!r}; expected a run "
            f"with source_images {', '.join(map(repr, DERIVED))}"
        )
    given = given_as_trained(run, images, skip_bad=skip_bad)
    pictures = to_uint8(given.images)
    return NamedImages(derived(pictures, kind), given.names), pictures


def own_sources(
    run: Trained, count: int = OWN, network: str | None = None
) -> tuple[NamedImages, NDArray[np.uint8] | None]:
    """Return what a network takes of the run's data set, and the true images if they are known.

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
    test = held_out(run.config.dataset, None, None)
    if chosen_translation(run, network).start == REAL:
        images = data.images if test is None else test().images
        return _numbered(np.asarray(images[evenly_spaced(len(images), count)])), None
    found = pairs_of(data, test)
    if found is None:
        raise ConfigError("run: its images have no sources; give images")
    pairs = found(count)
    return _numbered(pairs.sources), pairs.true


def translated(
    run: Trained, images: NDArray[Any], seed: int = 0, network: str | None = None
) -> Array:
    """Return the images that a network of a run makes of images.

    Parameters
    ----------
    run
        The run.
    images
        `(n, height, width, channels)`, uint8 or real numbers in [-1, 1].
    seed, network
        As in `gankit.Run.translate`.

    Returns
    -------
    Array
        `(n, height, width, channels)` in [-1, 1].
    """
    if network in (None, GENERATOR):
        return np.concatenate(list(run.chunks(len(images), seed, source=images)))
    further = further_networks(run.trainer)[network]
    return np.concatenate([further(run.problem.scale(part)) for part in row_chunks(images)])


def _numbered(images: NDArray[Any]) -> NamedImages:
    return NamedImages(images, tuple(map(str, range(len(images)))))
