"""A run, once it is there: what it learned, and what can be asked of it."""

from __future__ import annotations

import copy
import dataclasses
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from gankit import plugins
from gankit._utils import paths
from gankit._utils.counts import check_count
from gankit._utils.paths import optional
from gankit._utils.state import State
from gankit.config import TrainConfig, subject
from gankit.contract import Array, Generator, Labels, Problem, Trainer, check_labels
from gankit.contract.latents import chunks, interpolated, latents, truncated
from gankit.data.class_names import Classes
from gankit.errors import ConfigError, shown
from gankit.layers import is_spec
from gankit.runs.loss_history import LossHistory
from gankit.visual.images import Picture, enlarged, grid

if TYPE_CHECKING:
    from gankit.evaluation import Evaluation
    from gankit.visual.plots import Plot

__all__ = ["CHUNK", "NO_CLASSES", "Run", "latents"]
# `latents` for those who took it from here, as the guide to exports once did.

Called: TypeAlias = int | str | Labels | Sequence[str]
"""One class for all images, or one for each: by number, or by name."""

CHUNK = 1024
"""Images made in one call of the generator, so that memory stays flat."""

NO_CLASSES = "this run's generator knows no classes; train a recipe that does, such as cgan"


@dataclass(frozen=True)
class Run:
    """A generator and a discriminator, trained.

    Attributes
    ----------
    problem, trainer
        What was built, and the backend's trainer of it.
    step
        Steps done.
    history
        `(steps, 2)` float64: the discriminator's and the generator's loss of every step, also
        as `history.discriminator` and `history.generator`, `(steps,)` each.
    config, folder
        What was asked for and where it lies; None for a run of `gankit.fit` in memory.
    backend
        The name of the backend that made the trainer; None where it is not known.
    class_names
        What the classes 0, 1, ... stand for; empty if they have no names.

    A run whose networks are specs can be pickled: the other process builds it anew in the same
    backend. One with native networks cannot, nor one whose loss is made of lambdas.
    """

    problem: Problem
    trainer: Trainer
    step: int
    history: LossHistory = field(repr=False)
    config: TrainConfig | None = field(default=None, repr=False)
    folder: Path | None = None
    backend: str | None = None
    class_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Take losses of any array type."""
        object.__setattr__(self, "history", LossHistory(self.history))

    def __repr__(self) -> str:
        """Return one line: the folder, what was trained on what, the backend, and the step."""
        place = repr(str(self.folder)) if self.folder else "in memory"
        sides = "x".join(map(str, self.problem.image_shape))
        what = subject(self.config) if self.config else f"own networks on {sides} images"
        return f"Run({place}, {what}, {self.backend or 'unknown backend'}, step {self.step:,})"

    def __reduce__(self) -> tuple[object, ...]:
        """Return what is pickled: the state, from which the other process builds the trainer.

        Raises
        ------
        TypeError
            A network is native, the backend is not known, or the loss holds a lambda.
        """
        for role in ("generator", "discriminator"):
            if not is_spec(network := getattr(self.problem, role)):
                raise TypeError(
                    f"a run with native networks cannot be pickled: its {role} is "
                    f"{shown(network)}; save the networks with their framework, or train specs "
                    "into a folder, pass the folder, and gankit.load it there"
                )
        if self.backend is None:
            raise TypeError(
                "a run without the name of its backend cannot be pickled; pass the folder, and "
                "gankit.load it there"
            )
        parts = (self.backend, self.trainer.state(), self.step, self.history)
        return _built, (self.problem, *parts, self.config, self.folder, self.class_names)

    def __copy__(self) -> Run:
        """Return another run with the same trainer."""
        return dataclasses.replace(self)

    def __deepcopy__(self, memo: dict[int, object]) -> Run:
        """Return another run with a copy of everything."""
        fields = (getattr(self, field.name) for field in dataclasses.fields(self))
        return Run(*(copy.deepcopy(value, memo) for value in fields))

    @property
    def generator(self) -> Generator:
        """The generator to sample: the average where one is kept."""
        return self.trainer.average or self.trainer.generator

    def sample(
        self,
        n: int,
        seed: int = 0,
        labels: Called | None = None,
        *,
        truncation: float | None = None,
    ) -> Array:
        """Make `n` images.

        Parameters
        ----------
        n
            How many, at least 1.
        seed
            Which: the same seed gives the same noise, and more of it for a larger `n`.
        labels
            `(n,)` classes, or one for all, each a name or a number from 0 on; if the names are
            numbers, such as years, a number is a name. By default each class in its turn. Only for
            networks that look at classes.
        truncation
            The bound of `gankit.contract.latents.truncated`; None leaves the noise as it is.

        Returns
        -------
        Array
            `(n, height, width, channels)` in [-1, 1].
        """
        return np.concatenate(list(self.chunks(n, seed, labels, truncation=truncation)))

    def chunks(
        self,
        n: int,
        seed: int = 0,
        labels: Called | None = None,
        *,
        truncation: float | None = None,
    ) -> Iterator[Array]:
        """Yield what `sample` returns, at most 1,024 images at a time.

        Parameters
        ----------
        n, seed, labels, truncation
            As in `sample`.
        """
        yield from self._made(self._noise(n, seed, truncation), self._labels(n, labels))

    def interpolate(
        self,
        seeds: Sequence[int],
        steps: int = 8,
        n: int = 1,
        labels: Called | None = None,
        *,
        truncation: float | None = None,
    ) -> Array:
        """Make the images between those of each seed and of the next, spherically.

        Parameters
        ----------
        seeds
            Two or more; a way begins at an image of `sample` with one of them and ends at that of
            the next.
        steps
            Images of each way, both its ends among them, at least 2.
        n
            Ways from each seed to the next: those from its first `n` images.
        labels, truncation
            As in `sample`; along a way the class stays.

        Returns
        -------
        Array
            `(n, len(seeds) - 1, steps, height, width, channels)` in [-1, 1].
        """
        if isinstance(seeds, str) or not isinstance(seeds, Iterable):
            raise ConfigError(f"seeds: got {shown(seeds)}; expected two or more, such as [1, 2]")
        ends = np.stack([np.concatenate([*self._noise(n, seed, truncation)]) for seed in seeds])
        noise = interpolated(ends, steps)
        classes = self._labels(n, labels)
        if classes is not None:
            classes = np.tile(classes, noise.shape[0] * steps)
        parts = _parts(noise.reshape(-1, noise.shape[-1]))
        made = np.concatenate(list(self._made(parts, classes)))
        return np.moveaxis(made.reshape(*noise.shape[:3], *made.shape[1:]), 2, 0)

    def grid(
        self,
        n: int = 25,
        seed: int = 0,
        labels: Called | None = None,
        *,
        truncation: float | None = None,
        columns: int | None = None,
        scale: int = 2,
    ) -> Picture:
        """Return a picture of `n` images, which a notebook shows and `.save(path)` keeps.

        Parameters
        ----------
        n, seed, labels, truncation
            As in `sample`.
        columns
            Images in a row; by default the grid is as square as can be.
        scale
            Pixels that one becomes, across and down.
        """
        made = self.sample(n, seed, labels, truncation=truncation)
        return Picture(enlarged(grid(made, columns), scale))

    def plot(self) -> Plot:
        """Draw the losses, and what evaluations found; a notebook shows it, `.save(path)` too."""
        from gankit.visual import plots

        return plots.overview(self.history, plots.evaluated(self.folder), self.class_names)

    def evaluate(
        self,
        n: int = 10_000,
        seed: int = 0,
        data_dir: Path | None = None,
        *,
        dataset: str | os.PathLike[str] | None = None,
        progress: bool = True,
    ) -> Evaluation:
        """Hold `n` images against the data set's, as `gankit evaluate` does; nothing is written.

        Parameters
        ----------
        n
            How many, at least 6. Figures compare only where as many were made.
        seed
            Which, as in `sample`.
        data_dir
            A folder with the data set's files; None for `GANKIT_DATA` and the usual places.
        dataset
            The name or the path of the run's images, if they are no longer where they were.
        progress
            Whether to show how far it is: a bar in a terminal or a notebook, and plain lines
            elsewhere, on standard error. True by default.

        Returns
        -------
        Evaluation
            Every figure by its name, and by which features and reference it was found.

        Raises
        ------
        ConfigError
            `n` is too small, or the run is one of `gankit.fit`, which does not know its data set.
        DataError
            The data set cannot be had, or its images are others than the run was trained on.
        """
        from gankit.launch import evaluate

        if dataset is not None:
            paths.given(dataset, "dataset")
        place = None if dataset is None else os.fspath(dataset)
        folder = optional(data_dir, "data_dir")
        return evaluate.evaluation(self, n, seed, folder, place, progress=progress)

    def each_class(self, n: int) -> Labels:
        """Return `(classes * n,)` labels, `n` of each class; ConfigError where there are none."""
        if not self.problem.generator_classes:
            raise ConfigError(NO_CLASSES)
        check_count("the number of images", n)
        return np.repeat(called(self).labels(np.arange(self.problem.generator_classes)), n)

    def _repr_html_(self) -> str:
        from gankit.launch.run_html import run_html

        return run_html(self)

    def _noise(self, n: int, seed: int, truncation: float | None) -> Iterator[Array]:
        """Return what yields `(n, latent)` noise, some at a time, cut off where asked for."""
        if truncation is None:
            return chunks(n, self.problem.latent, seed, CHUNK)
        return _parts(truncated(n, self.problem.latent, seed, truncation))

    def _made(self, noise: Iterable[Array], classes: Labels | None) -> Iterator[Array]:
        """Yield the images of noise that comes some at a time."""
        start = 0
        for part in noise:
            end = start + len(part)
            yield self.generator(part, None if classes is None else classes[start:end])
            start = end

    def _labels(self, n: int, labels: Called | None) -> Labels | None:
        """Return the class of each of `n` images, checked; None where there are no classes."""
        count = self.problem.generator_classes
        if not count:
            if labels is not None:
                raise ConfigError(NO_CLASSES)
            return None
        if labels is None:
            return np.arange(n) % count
        known = called(self)
        if isinstance(labels, str | int | np.integer):
            return np.full(n, known.number(labels if isinstance(labels, str) else int(labels)))
        given = np.asarray(labels)
        if given.dtype.kind in "iuU" and given.shape == (n,):
            return known.numbers(given)
        check_labels(given, n, count)
        return given.astype(np.int64)


def called(run: Run) -> Classes:
    """Return what the classes are called that a run's generator is told."""
    return Classes.of(run.class_names, run.problem.generator_classes)


def _built(
    problem: Problem,
    backend: str,
    state: State,
    step: int,
    history: LossHistory,
    config: TrainConfig | None,
    folder: Path | None,
    class_names: tuple[str, ...],
) -> Run:
    """Build a run that was pickled, in the backend that it had."""
    trainer = plugins.get_backend(backend).trainer(problem)
    trainer.load_state(state)
    return Run(problem, trainer, step, history, config, folder, backend, class_names)


def _parts(noise: Array) -> Iterator[Array]:
    """Yield rows, as many at a time as the generator is given."""
    return (noise[start : start + CHUNK] for start in range(0, len(noise), CHUNK))
