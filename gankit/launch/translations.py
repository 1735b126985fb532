"""The networks of a run that make images of images: there, back, and around."""

from __future__ import annotations

from dataclasses import dataclass

from gankit.contract import Problem
from gankit.contract.network_inputs import NOISE, REAL, SOURCE
from gankit.errors import UnknownName
from gankit.layers import Shape, uses_labels
from gankit.terms import GENERATOR


@dataclass(frozen=True)
class Translation:
    """A network that makes images of images.

    Attributes
    ----------
    network
        Its name.
    start
        What it takes: "source", or "real" for images like those that the generator makes.
    shape
        (height, width, channels) of what it takes.
    back
        The network that makes images of that shape of its images again, in a pass of the run;
        empty without one.
    """

    network: str
    start: str
    shape: Shape
    back: str = ""


def translations(problem: Problem) -> dict[str, Translation]:
    """Return the networks on the generator's side that make images of images, by name.

    A network takes what it takes in its first pass; one beside the generator takes neither noise
    nor labels.
    """
    values, own = problem.values, _callable(problem)
    found: dict[str, Translation] = {}
    for made, each in values.passes.items():
        taken = [value for value in each.inputs if value != NOISE]
        if each.network in found or each.network not in own or taken not in ([SOURCE], [REAL]):
            continue
        if len(values.shape(made)) != len(problem.image_shape):
            continue
        (start,) = taken
        shape = values.shape(start)
        again = (
            other.network
            for name, other in values.passes.items()
            if other.inputs == (made,) and other.network in own and values.shape(name) == shape
        )
        found[each.network] = Translation(each.network, start, shape, next(again, ""))
    return found


def _callable(problem: Problem) -> list[str]:
    """Return the generator, and the networks on its side that are called with images alone."""
    found: list[str] = [GENERATOR]
    for name in problem.networks:
        takes_noise = any(NOISE in inputs for inputs in problem.values.uses(name))
        labelled = uses_labels(problem.values.spec(name))
        if problem.side_of(name) == GENERATOR and not takes_noise and not labelled:
            found.append(name)
    return found


def translation_of(problem: Problem, network: str) -> Translation:
    """Return what a network takes and makes; UnknownName unless it makes images of images."""
    found = translations(problem)
    if network not in found:
        raise UnknownName("network of images", network, list(found))
    return found[network]
