"""The masks of every dropout layer in an update, by name.

    generator/3        (B, ...) bool, True where the generator's layer 3 passes a value
    discriminator/3    (2 B, ...), fakes before reals; (B, ...) if only fakes are evaluated
    penalty/0/3        (B, ...), in the pass of the first penalty

For frameworks that compile an update as a function of arrays. Others can draw each mask where it is
used with `gankit.contract.random_streams.dropout_mask`, with the same numbers.
"""

from __future__ import annotations

from gankit.contract.problem import Problem
from gankit.contract.random_streams import Mask, Role, StepKey, dropout_mask
from gankit.contract.world import World
from gankit.errors import ConfigError
from gankit.layers import Dropout, Place, walk


def mask_name(role: Role, place: Place, part: int = 0) -> str:
    """Return the name of a layer's mask in one pass.

    Parameters
    ----------
    role
        The layer's network.
    place
        The layer.
    part
        As in `dropout_mask`; 0 by default.
    """
    return f"penalty/{part - 1}/{place.name}" if part else f"{role.name.lower()}/{place.name}"


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
        generator, discriminator = problem.generator, problem.discriminator
        if not (isinstance(generator, tuple) and isinstance(discriminator, tuple)):
            raise ConfigError("masks are drawn for specs; a native network draws its own")
        self._paired, self._penalties = problem.generator_sees_real, len(problem.penalties)
        self._world = problem.world
        self._places = {
            Role.GENERATOR: walk(generator, problem.input_shapes("generator")),
            Role.DISCRIMINATOR: walk(discriminator, problem.input_shapes("discriminator")),
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
        seen = batch if last and not self._paired else 2 * batch
        penalties = range(0 if last else self._penalties)
        passes = [
            (Role.GENERATOR, batch, 0),
            (Role.DISCRIMINATOR, seen, 0),
            *((Role.DISCRIMINATOR, batch, i + 1) for i in penalties),
        ]
        return {
            mask_name(role, place, part): dropout_mask(
                key,
                role,
                place.number,
                (rows, *place.shape),
                place.layer.rate,
                part,
                own_rows(self._world, batch, rows // batch),
            )
            for role, rows, part in passes
            for place in self._places[role]
            if isinstance(place.layer, Dropout)
        }
