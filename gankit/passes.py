"""Further networks, and passes: values that networks make of other values, by name.

A pass is written as a call, `code = "encoder(real)"`: the network, then its inputs. Values that are
given are "noise", "real", "source" and "fake", the generator's images of its inputs. `sample(x)`
draws from the normal distribution with the means and the logarithms of variances in the halves of
x. An input `stop(x)` is x without its gradient.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any

from gankit._utils.field_types import check_fields
from gankit._utils.known_arguments import known_arguments
from gankit._utils.tagged_unions import Tagged
from gankit.codes import check_name
from gankit.errors import ConfigError, shown
from gankit.layers import Layer, as_spec
from gankit.terms import Side

CALL = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)\((.*)\)")
INPUT = re.compile(r"(stop\()?([A-Za-z][A-Za-z0-9_-]*)(?(1)\))")
SAMPLE = "sample"
"""In place of a network: the value is drawn."""


@known_arguments()
@dataclass(frozen=True)
class FurtherNetwork:
    """A network that is neither the generator nor the discriminator.

    Attributes
    ----------
    side
        "generator" or "discriminator": the update that moves it, with the optimizer of that side.
    layers
        Its layers.
    """

    side: Side
    layers: tuple[Annotated[Layer, Tagged("layer")], ...]

    def __post_init__(self) -> None:
        """Raise ConfigError for values of the wrong type."""
        object.__setattr__(self, "layers", as_spec(self.layers, "layers"))
        check_fields(self, "network")


@dataclass(frozen=True)
class Pass:
    """A network and the names of the values that it takes.

    Attributes
    ----------
    network
        Its name, or "sample".
    inputs
        The values.
    stopped
        Whether each of the inputs is taken without its gradient; by default none is.

    >>> parsed("code", "encoder(real)")
    Pass(network='encoder', inputs=('real',), stopped=(False,))
    """

    network: str
    inputs: tuple[str, ...]
    stopped: tuple[bool, ...] = ()

    def taken(self) -> list[tuple[str, bool]]:
        """Return each input, and whether it is taken without its gradient."""
        return list(zip(self.inputs, self.stopped or (False,) * len(self.inputs), strict=True))


def parsed(name: str, text: Any) -> Pass:  # noqa: ANN401 - users pass it.
    """Return the pass that makes the value called `name`; ConfigError for another form."""
    check_name("passes", name)
    call = CALL.fullmatch(text.replace(" ", "")) if isinstance(text, str) else None
    inputs = [INPUT.fullmatch(each) for each in call[2].split(",")] if call else []
    if call is None or not all(inputs):
        raise ConfigError(
            f"passes.{name}: got {shown(text)}; expected a network and its inputs, such as "
            "'encoder(real)'"
        )
    found = [each for each in inputs if each]
    if call[1] == SAMPLE and len(found) > 1:
        raise ConfigError(f"passes.{name}: got {shown(text)}; expected one input of 'sample'")
    return Pass(call[1], tuple(each[2] for each in found), tuple(bool(each[1]) for each in found))


def ordered(passes: Mapping[str, Pass]) -> dict[str, Pass]:
    """Return passes in an order of computation; ConfigError if one needs its own value.

    Passes keep the order in which they are given where they can.
    """
    sorter = TopologicalSorter({name: each.inputs for name, each in passes.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " <- ".join(error.args[1])
        raise ConfigError(f"passes: got a circle, {circle}; expected values made in turn") from None
    place, found = {name: number for number, name in enumerate(passes)}, {}
    while sorter.is_active():
        ready = sorter.get_ready()
        for name in sorted((each for each in ready if each in place), key=place.__getitem__):
            found[name] = passes[name]
        sorter.done(*ready)
    return found
