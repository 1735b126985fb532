"""Many steps in one call, for frameworks with `scan`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from gankit.contract import AnyLabels, Array, Block, Problem
from gankit.contract.loss_columns import NETWORKS, of_steps
from gankit.errors import ConfigError, PluginError
from gankit.functional.framework import Framework, Scan
from gankit.functional.inputs import Inputs
from gankit.functional.networks import TrainerNetworks
from gankit.functional.operations import NAMES, Tensor, Tensors
from gankit.functional.trainer import Trainer, in_precision, label_rows
from gankit.terms import Side

CHUNK = 4
"""Steps in one scan. The last scan of a block skips those beyond its end, so that one length is
compiled."""

T = TypeVar("T")
Data: TypeAlias = tuple[Tensor, Tensor | None, Tensor | None]
"""All images; all labels, one-hot, or None; all sources, or None."""
Rows: TypeAlias = tuple[Tensor, Inputs, Inputs]
"""1 for each step, 0 if the scan skips it, `(CHUNK,)`; the inputs of the discriminator's updates,
with the axes `(CHUNK, n_critic)` in front; those of the generator's, with `(CHUNK,)`. A row of them
is one step."""
Losses: TypeAlias = tuple[Tensor, Tensor]
"""What the discriminator's updates return, in rows, and the generator's; float64 in a scan."""


class BlockTrainer(Trainer):
    """A trainer that scans steps; while the device computes, the host draws masks."""

    def __init__(
        self, problem: Problem, framework: Framework, networks: TrainerNetworks | None = None
    ) -> None:
        super().__init__(problem, framework, networks)
        self._data: Data | None = None
        self._levels = self._source_levels = False
        self._steps = framework.compile(self._scan, consumes=True)

    def place(
        self, images: NDArray[Any], labels: AnyLabels | None, source: NDArray[Any] | None = None, /
    ) -> None:
        """Store the data set on the device: uint8 images unchanged, labels as rows."""
        images, problem = np.asarray(images), self.problem  # Images may be in a file.
        self._levels = images.dtype == np.uint8
        images = images if self._levels else problem.scale(images)
        sources = None
        if source is not None:
            sources = np.asarray(source)
            self._source_levels = sources.dtype == np.uint8
            sources = sources if self._source_levels else problem.scale(sources)
        rows = label_rows(labels, len(images), problem) if problem.label_format else None
        array = self.framework.array
        self._data = (
            array(images),
            None if rows is None else array(rows),
            None if sources is None else array(sources),
        )

    def train_block(self, block: Block, /) -> Array:
        """Run the steps of `block`; return their losses; ConfigError without placed images."""
        if self._data is None:
            raise ConfigError("train_block needs the data set; call place(images, labels) first")
        self._required.check(block)
        losses = []
        for start in range(0, len(block), CHUNK):
            inputs = self._block_inputs(block, start, min(start + CHUNK, len(block)))
            tensors, made = self._steps(self.tensors, self._data, inputs)
            self.change(tensors)
            losses.append(made)
        critics, lasts = (
            np.concatenate([self.framework.numpy(each) for each in kind])[: len(block)]
            for kind in zip(*losses, strict=True)
        )
        return of_steps(critics, lasts)

    def _scan(self, state: Tensors, data: Data, inputs: Rows) -> tuple[Tensors, Losses]:
        """Return the state after the steps, and the losses, of `CHUNK` steps."""
        framework = self.framework
        scan, float64 = cast(Scan, framework.scan), framework.float64

        def step(state: Tensors, row: Rows) -> tuple[Tensors, Losses]:
            exists, critics, last = row

            def trained() -> tuple[Tensors, Losses]:
                after, (losses, loss) = self._step(state, data, critics, last)
                return after, (float64(losses), float64(loss))

            def skipped() -> tuple[Tensors, Losses]:
                each, last = (self._zeros(side) for side in NETWORKS)
                zeros = np.repeat(each[None], critics.noise.shape[0], axis=0), last
                return state, (framework.array(zeros[0]), framework.array(zeros[1]))

            found: tuple[Tensors, Losses] = framework.cond(exists, trained, skipped)
            return found

        last, losses = scan(step, state, inputs)
        return last, losses

    def _zeros(self, side: Side) -> Array:
        """Return zeros of the shape of what an update of a network returns."""
        more = len(self.problem.values_after(side))
        return np.zeros((1 + more,) if more else ())

    def _step(
        self, state: Tensors, data: Data, critics: Inputs, last: Inputs
    ) -> tuple[Tensors, Losses]:
        """Return the state after a step, and the losses: those of each update, in rows."""
        scan, xp, seen = cast(Scan, self.framework.scan), self.framework.xp, self._seen(data, last)

        def update(state: Tensors, critic: Inputs) -> tuple[Tensors, Tensor]:
            return self.updates.discriminator(state, self._seen(data, critic))

        if not self.problem.shares_generated:
            state, losses = scan(update, state, critics)
            state, loss = self.updates.generator(state, seen)
            return state, (losses, loss)
        state, losses = scan(update, state, _rows(critics, slice(-1)))
        critic = self._seen(data, _rows(critics, -1))
        state, (final, loss) = self.updates.both(state, critic, seen)
        final = xp.reshape(final, (1, *final.shape))
        return state, (xp.concatenate([losses, final], axis=0), loss)

    def _seen(self, data: Data, inputs: Inputs) -> Inputs:
        """Return an update's inputs with images and labels in place of their indices."""
        framework, (images, labels, sources) = self.framework, data
        random = dict(inputs.random)
        flip = random.pop("flip", None)
        index = cast(Tensor, inputs.real)
        real = self._images(images, index, flip, levels=self._levels)
        source: Tensor | tuple[()] = ()
        if sources is not None:
            mirrored = flip if self.problem.source == "paired" else None
            source = self._images(sources, inputs.source, mirrored, levels=self._source_levels)
        rows = None if labels is None else framework.take(labels, index)
        return inputs._replace(real=real, labels=rows, random=random, source=source)

    def _images(
        self, images: Tensor, index: Tensor, flip: Tensor | None, *, levels: bool
    ) -> Tensor:
        """Return this process's images of an update, scaled, and mirrored where `flip` is True."""
        framework, world = self.framework, self.problem.world
        own = index if world.size == 1 else index[world.rows(index.shape[0])]
        found = framework.take(images, own)
        if levels:
            found = framework.take(framework.array(self.problem.pixels), found)
        if flip is not None:
            columns = framework.array(np.arange(found.shape[2])[::-1].copy())
            found = framework.xp.where(flip, framework.take(found, columns, axis=2), found)
        return found

    def _block_inputs(self, block: Block, start: int, stop: int) -> Rows:
        """Return the inputs of a block's steps, at most CHUNK; the last row fills the others.

        Their real images are indices.
        """
        random = self.runner.random
        batch, rows = block.index.shape[2], range(start, stop)
        keys = [block.keys(row) for row in rows]
        critics = [_stacked([random(key, batch, last=False) for key in step]) for *step, _ in keys]
        lasts = [random(last, batch, last=True) for *_, last in keys]
        steps = _filled(list(rows))
        return (
            self.framework.array((np.arange(CHUNK) < len(rows)).astype(np.float64)),
            self._rows(block, steps, slice(-1), _stacked(_filled(critics))),
            self._rows(block, steps, -1, _stacked(_filled(lasts))),
        )

    def _rows(
        self, block: Block, steps: list[int], updates: slice | int, masks: dict[str, NDArray[Any]]
    ) -> Inputs:
        array, problem = self.framework.array, self.problem
        own = problem.world.rows(block.index.shape[2])
        random = {
            name: in_precision(numbers[:, :, own][steps, updates], problem)
            for name, numbers in block.random.items()
        }
        return Inputs(
            real=array(block.index[steps, updates]),
            noise=array(block.noise[steps, updates]),
            labels=None,
            random={name: array(values) for name, values in random.items()},
            scalars={name: array(a[steps, updates]) for name, a in block.scalars.items()},
            masks={name: array(mask) for name, mask in masks.items()},
            followers={},
            source=() if block.source_index is None else array(block.source_index[steps, updates]),
        )


def _filled(rows: list[T]) -> list[T]:
    """Return CHUNK rows: the last one repeated if there are fewer."""
    return rows + rows[-1:] * (CHUNK - len(rows))


def _rows(inputs: Inputs, index: int | slice) -> Inputs:
    """Return one or some of the updates of a step, whose labels are not known yet."""

    def at(tensors: Mapping[str, Tensor]) -> Tensors:
        return {name: tensor[index] for name, tensor in tensors.items()}

    return inputs._replace(
        real=cast(Tensor, inputs.real)[index],
        source=() if isinstance(inputs.source, tuple) else inputs.source[index],
        noise=inputs.noise[index],
        random=at(inputs.random),
        scalars=at(inputs.scalars),
        masks=at(inputs.masks),
    )


def _stacked(rows: list[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """Return dictionaries of equal names as one, with the rows as first axis."""
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def trainer(
    problem: Problem, framework: Framework, networks: TrainerNetworks | None = None
) -> Trainer:
    """Return a trainer of a problem on a framework, with blocks if that has `scan`.

    Parameters
    ----------
    problem, framework, networks
        As in `Trainer`.

    Raises
    ------
    PluginError
        `framework.xp` lacks a function.
    """
    if missing := sorted(name for name in NAMES if not hasattr(framework.xp, name)):
        raise PluginError(
            f"{type(framework).__name__}.xp: got no {', '.join(missing)}; expected the functions "
            "that gankit.functional.Operations lists"
        )
    return (BlockTrainer if framework.scan else Trainer)(problem, framework, networks)
