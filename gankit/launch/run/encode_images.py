"""Codes of images: what a run's encoder, a further network that takes images, makes of them."""

from __future__ import annotations

import numpy as np

from gankit.contract import Array, Network
from gankit.data.named_images import NamedImages
from gankit.errors import ConfigError, UnknownName
from gankit.launch.evaluation.pairs import evenly_spaced
from gankit.launch.evaluation.reference_data import held_out
from gankit.launch.evaluation.trained_run import Trained
from gankit.launch.further_networks import further_networks
from gankit.launch.run.given_images import given_as_trained
from gankit.launch.run.noise_chunks import row_chunks

OWN = 20
"""Test images that are encoded if no pictures are given."""


def encoder_of(run: Trained, name: str | None = None) -> Network:
    """Return a run's encoder.

    Parameters
    ----------
    run
        The run.
    name
        The network's name; None, the default, for the only one that makes rows of images.

    Raises
    ------
    ConfigError
        No further network makes rows of images of the generator's shape, or several do.
    UnknownName
        There is no such network.
    """
    problem, networks = run.problem, further_networks(run.trainer)
    takers = [
        each
        for each in problem.networks_of("generator")
        if each in networks
        and problem.input_shapes(each) == (tuple(problem.image_shape),)
        and len(problem.values.shape(problem.values.made_by(each))) == 1
    ]
    if name is not None and name not in takers:
        raise UnknownName("network", name, takers)
    if len(takers) != 1 and name is None:
        found = "several networks" if takers else "no network"
        make = "make" if takers else "makes"
        raise ConfigError(
            f"network: got {found} of the run that {make} codes of images; expected an encoder"
            + (f", such as {takers[0]!r}" if takers else ", as in the recipe 'bigan'")
        )
    return networks[name or takers[0]]


def own_images(run: Trained, count: int = OWN) -> NamedImages:
    """Return test images of the run's data set, evenly spaced; ConfigError if it has none."""
    load = held_out(run.config.dataset, None, None) if run.config else None
    if load is None:
        raise ConfigError(
            "pictures: got none, and the run's data set has no test images; give some"
        )
    images = load().images
    index = evenly_spaced(len(images), count)
    return NamedImages(np.asarray(images[index]), tuple(map(str, index)))


def encoded(
    run: Trained, images: object, network: str | None = None, *, skip_bad: bool = False
) -> tuple[NamedImages, Array]:
    """Return images with their names, and their codes; arguments are those of `gankit.Run.encode`.

    The codes are those that the generator takes: of an encoder whose codes are drawn, the means.
    """
    encoder, size = encoder_of(run, network), run.problem.noise_width
    if isinstance(images, NamedImages):
        found = images
    else:
        found = given_as_trained(run, images, skip_bad=skip_bad)
    parts = row_chunks(np.asarray(found.images))
    codes = np.concatenate([encoder(run.problem.scale(part)) for part in parts])
    return found, codes[:, :size] if run.problem.values.sampled else codes
