"""The masks of every dropout layer in an update, by name.

    generator/3        (B, ...) bool, True where the generator's layer 3 passes a value
    discriminator/3    (2 B, ...), fakes before reals; (B, ...) if only fakes are evaluated
    penalty/0/3        (B, ...), in the pass of the first penalty
    encoder/3          (B, ...), of a further network; in its second pass pass/1/encoder/3

For frameworks that compile an update as a function of arrays. Others can draw each mask where it is
used with `gankit.contract.random_streams.dropout_mask`, with the same numbers.
"""

from __future__ import annotations

from typing import cast

from gankit.contract.problem import Problem
from gankit.contract.random_streams import Mask, StepKey, dropout_mask
from gankit.contract.world import World
from gankit.errors import ConfigError
from gankit.layers import Dropout, Place, Spec, walk
from gankit.terms import DISCRIMINATOR, SIDES


def pass_name(network: str, number: int) -> str:
    """Return the beginning of the names of the masks in a pass of a network.

    Parameters
    ----------
    network
        The network's name.
    number
        The number of the pass, as `part` of `dropout_mask`.
    """
    if not number:
        return network
    if network == DISCRIMINATOR:
        return f"penalty/{number - 1}"
    return f"pass/{number}/{network}"


def mask_name(network: str, place: Place, part: int = 0) -> str:
    """Return the name of a layer's mask in one pass.

    Parameters
    ----------
    network
        The layer's network.
    place
        The layer.
    part
        As in `dropout_mask`; 0 by default.
    """
    return f"{pass_name(network, part)}/{place.name}"


def own_rows(world: World, batch: int, halves: int) -> list[slice] | None:
    """Return the rows of this process in a joined batch; None if there is one process.

    Parameters
    ----------
    world
        The processes.
    batch
        Images in the batch of all processes.
    halves
        Number of concatenated batches.
    """
    if world.size == 1:
        return None
    rows = world.rows(batch)
    return [slice(rows.start + batch * i, rows.stop + batch * i) for i in range(halves)]


class Masks:
    """Draws the masks of `problem`; ConfigError if a network is not a spec."""

    def __init__(self, problem: Problem) -> None:
        specs = {name: problem.spec_of(name) for name in problem.roles}
        if not all(isinstance(spec, tuple) for spec in specs.values()):
            raise ConfigError("masks are drawn for specs; a native network draws its own")
        self._world, self._roles = problem.world, problem.roles
        self._passes = {side: problem.values.forward_passes(side) for side in SIDES}
        self._places = {
            name: walk(cast(Spec, spec), problem.input_shapes(name)) for name, spec in specs.items()
        }

    def __call__(self, key: StepKey, batch: int, *, last: bool) -> dict[str, Mask]:
        """Return the masks of one update; of several processes, the rows of this one.

        Parameters
        ----------
        key
            The key of the update.
        batch
            B, the number of images in the batch.
        last
            Whether it is the step's last update, the generator's: it has no penalties.
        """
        passes = self._passes["generator" if last else "discriminator"]
        return {
            mask_name(network, place, part): dropout_mask(
                key,
                self._roles[network],
                place.number,
                (halves * batch, *place.shape),
                place.layer.rate,
                part,
                own_rows(self._world, batch, halves),
            )
            for network, part, halves in passes
            for place in self._places[network]
            if isinstance(place.layer, Dropout)
        }
