"""A trained run: sample, interpolate, plot, evaluate."""

from __future__ import annotations

import copy
import dataclasses
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gankit import plugins
from gankit._utils import paths
from gankit._utils.counts import check_count
from gankit._utils.paths import optional
from gankit._utils.state import State
from gankit.config import TrainConfig, subject
from gankit.contract import AnyLabels, Array, Generator, Labels, Network, Problem, Trainer
from gankit.contract.latents import interpolated
from gankit.contract.world import ALONE
from gankit.data.memory_data import memory_data
from gankit.errors import ConfigError, shown
from gankit.inversion import RESTARTS, STEPS, Inversion
from gankit.launch.further_networks import further_networks
from gankit.launch.resolved_plan import ResolvedPlan
from gankit.launch.run.class_labels import NO_CLASSES, LabelChoice, class_labels, classes_of
from gankit.launch.run.code_values import CodeValues, code_values
from gankit.launch.run.condition_labels import condition_labels
from gankit.launch.run.encode_images import encoded
from gankit.launch.run.given_numbers import given_numbers
from gankit.launch.run.noise_chunks import noise_chunks, row_chunks
from gankit.launch.run.translate_images import NO_SOURCES
from gankit.layers import is_spec
from gankit.runs.loss_history import LossHistory
from gankit.visual.images import Picture, enlarged, grid

if TYPE_CHECKING:
    from gankit.evaluation import Evaluation, Features
    from gankit.visual.plots import Plot


@dataclass(frozen=True)
class Run:
    """A trained generator and discriminator.

    Attributes
    ----------
    problem, trainer
        The problem, and the trainer that the backend built from it.
    step
        Number of steps.
    history
        `(steps, 2)` float64: the discriminator's and the generator's loss of every step, also
        as `history.discriminator` and `history.generator`, `(steps,)` each.
    config, folder
        The configuration, and the folder; None for a run in memory.
    backend
        Name of the backend that built the trainer, or None.
    class_names
        Names of the classes 0, 1, ...; empty if they have none.
    plan
        What it was trained from, with its images; None if the run was loaded or pickled.
    stopped
        Why a callback stopped the training; empty if none did.

    A run of specs can be pickled; the process that reads it builds it again, with the same backend.
    A run with native networks, or with a loss made of lambdas, cannot be pickled.
    """

    problem: Problem
    trainer: Trainer
    step: int
    history: LossHistory = field(repr=False)
    config: TrainConfig | None = field(default=None, repr=False)
    folder: Path | None = None
    backend: str | None = None
    class_names: tuple[str, ...] = ()
    plan: ResolvedPlan | None = field(default=None, repr=False, compare=False)
    stopped: str = ""

    def __post_init__(self) -> None:
        """Take losses of any array type."""
        object.__setattr__(self, "history", LossHistory(self.history))

    def __repr__(self) -> str:
        """Return one line: folder, recipe and data set, backend, and step."""
        place = repr(str(self.folder)) if self.folder else "in memory"
        shape = "x".join(map(str, self.problem.image_shape))
        content = subject(self.config) if self.config else f"own networks on {shape} images"
        return f"Run({place}, {content}, {self.backend or 'unknown backend'}, step {self.step:,})"

    def __reduce__(self) -> tuple[object, ...]:
        """Return what is pickled: the state, and what is needed to build the trainer.

        Raises
        ------
        TypeError
            A network is native, the backend is unknown, or the loss has a lambda.
        """
        for role in ("generator", "discriminator"):
            if not is_spec(network := getattr(self.problem, role)):
                raise TypeError(
                    f"a run with native networks cannot be pickled: its {role} is "
                    f"{shown(network)}; save the networks with their framework, or train specs "
                    "into a folder, and gankit.load the folder there"
                )
        if self.backend is None:
            raise TypeError(
                "a run without a known backend cannot be pickled; gankit.load its folder there"
            )
        parts = (self.backend, self.trainer.state(), self.step, self.history)
        problem = dataclasses.replace(self.problem, world=ALONE)
        return _built, (problem, *parts, self.config, self.folder, self.class_names)

    def __copy__(self) -> Run:
        """Return a new run with the same trainer."""
        return dataclasses.replace(self)

    def __deepcopy__(self, memo: dict[int, object]) -> Run:
        """Return a new run with copies of everything but the plan, which has the images."""
        fields = {
            f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "plan"
        }
        return Run(**{name: copy.deepcopy(v, memo) for name, v in fields.items()}, plan=self.plan)

    @property
    def generator(self) -> Generator:
        """The generator for sampling: its average over training, if the run has one."""
        return self.trainer.average or self.trainer.generator

    @property
    def networks(self) -> dict[str, Network]:
        """The networks beside generator and discriminator by name, such as an encoder."""
        return further_networks(self.trainer)

    def sample(
        self,
        n: int,
        seed: int = 0,
        labels: LabelChoice | None = None,
        *,
        truncation: float | None = None,
        codes: CodeValues | None = None,
    ) -> Array:
        """Generate `n` images; a generator that takes sources makes them of the run's own.

        Parameters
        ----------
        n
            Number of images, at least 1.
        seed
            Random seed: the same seed gives the same noise, and a larger `n` adds to it.
        labels
            `(n,)` classes, or one for all; each is a name or a number from 0. If the names are
            numbers, such as years, a number is a name. By default each class in turn. Labels that
            are vectors are `(n, d)` or `(d,)` numbers, or values by name, such as `{"angle": 30}`:
            a number, or `(n,)` of them; by default they are spread over the ranges of
            `Problem.conditions`. Only for conditional networks.
        truncation
            Bound of the noise, as in `gankit.contract.latents.truncated`; None for no bound.
        codes
            Values of codes by name, for runs that have codes, such as `{"slant": 0.5}`: a number,
            or `(n,)` or `(n, size)` of them; of a categorical code, a category from 0 on, or `(n,)`
            of them. By default codes are drawn like the noise.

        Returns
        -------
        Array
            `(n, height, width, channels)` in [-1, 1].
        """
        made = self.chunks(n, seed, labels, truncation=truncation, codes=codes)
        return np.concatenate(list(made))

    def chunks(
        self,
        n: int,
        seed: int = 0,
        labels: LabelChoice | None = None,
        *,
        truncation: float | None = None,
        codes: CodeValues | None = None,
        source: NDArray[Any] | None = None,
    ) -> Iterator[Array]:
        """Yield what `sample` returns, at most 1,024 images at a time.

        Parameters
        ----------
        n, seed, labels, truncation, codes
            As in `sample`.
        source
            `(n, height, width, channels)` sources, if the generator takes some: uint8, or real
            numbers in [-1, 1]. By default those of the run's images, in their order, again from the
            first after the last.
        """
        noise = noise_chunks(self.problem, n, seed, truncation, codes)
        if source is None:
            source = self._own_sources(n)
        yield from self._made(noise, self._labels(n, labels), source)

    def interpolate(
        self,
        seeds: Sequence[int],
        steps: int = 8,
        n: int = 1,
        labels: LabelChoice | None = None,
        *,
        truncation: float | None = None,
    ) -> Array:
        """Interpolate spherically between the noise of each seed and of the next.

        Codes change along a straight line.

        Parameters
        ----------
        seeds
            Two or more; a path leads from an image of `sample` with one seed to that of the next.
        steps
            Images of each path, both ends included, at least 2.
        n
            Paths from each seed to the next, from its first `n` images.
        labels, truncation
            As in `sample`; the class is constant along a path.

        Returns
        -------
        Array
            `(n, len(seeds) - 1, steps, height, width, channels)` in [-1, 1].
        """
        self._check_no_sources()
        try:
            listed = [] if isinstance(seeds, str) else list(seeds)
        except TypeError:  # Also an array of one number is no list.
            listed = []
        if len(listed) < 2:
            raise ConfigError(f"seeds: got {shown(seeds)}; expected two or more, such as [1, 2]")
        problem = self.problem
        ends = [np.concatenate([*noise_chunks(problem, n, seed, truncation)]) for seed in listed]
        noise = interpolated(np.stack(ends), steps, problem.latent)
        classes = self._labels(n, labels)
        if classes is not None:
            classes = np.concatenate([classes] * (noise.shape[0] * steps))
        rows = row_chunks(noise.reshape(-1, problem.noise_width))
        made = np.concatenate(list(self._made(rows, classes)))
        return np.moveaxis(made.reshape(*noise.shape[:3], *made.shape[1:]), 2, 0)

    def sweep(
        self,
        code: str,
        values: Sequence[float],
        n: int = 1,
        seed: int = 0,
        labels: LabelChoice | None = None,
        *,
        truncation: float | None = None,
        codes: CodeValues | None = None,
    ) -> Array:
        """Generate images that differ in one code alone, or in one condition.

        Parameters
        ----------
        code
            Name of the code, or of a column of labels that are vectors.
        values
            Its values; of a categorical code, categories.
        n, seed, labels, truncation, codes
            As in `sample`; each of the `n` images is generated once for each value.

        Returns
        -------
        Array
            `(n, len(values), height, width, channels)` in [-1, 1].
        """
        self._check_no_sources()
        given = given_numbers("values", values)
        if given.ndim != 1 or not given.size:
            raise ConfigError(
                f"values: got the shape {given.shape}; expected one or more numbers in a flat list"
            )
        problem, count = self.problem, len(given)
        drawn = noise_chunks(problem, n, seed, truncation, codes)
        noise = np.repeat(np.concatenate(list(drawn)), count, axis=0)
        varied, classes = np.tile(given, n), self._labels(n, labels)
        if classes is not None:
            classes = np.repeat(np.asarray(classes), count, axis=0)
        if code in self.condition_names:
            column = self.condition_names.index(code)
            asked = condition_labels(problem.conditions, n * count, {code: varied})
            classes = np.array(classes)
            classes[:, column] = asked[:, column]
        else:
            columns = code_values(problem, n * count, {code: varied})
            noise[:, problem.code_columns[code]] = columns[code]
        made = np.concatenate(list(self._made(row_chunks(noise), classes)))
        return made.reshape(n, count, *made.shape[1:])

    def grid(
        self,
        n: int = 25,
        seed: int = 0,
        labels: LabelChoice | None = None,
        *,
        truncation: float | None = None,
        columns: int | None = None,
        scale: int | None = None,
    ) -> Picture:
        """Return a picture of `n` images, which a notebook shows and `.save(path)` writes.

        Parameters
        ----------
        n, seed, labels, truncation
            As in `sample`.
        columns
            Images in a row; by default the grid is as square as possible.
        scale
            Factor by which each pixel is enlarged; None, the default, makes the picture at least
            400 pixels wide.
        """
        made = self.sample(n, seed, labels, truncation=truncation)
        return Picture(enlarged(grid(made, columns), scale))

    def plot(self) -> Plot:
        """Plot the losses and metrics; a notebook shows the plot, `.save(path)` writes it."""
        from gankit.visual import plots

        return plots.overview(self.history, plots.evaluated(self.folder), self.class_names)

    def save(self, folder: str | os.PathLike[str]) -> Run:
        """Save a run that was trained in memory into a new folder, and return it with that folder.

        The folder is like that of any run: it has a checkpoint, the losses and a grid of samples.

        Parameters
        ----------
        folder
            The path of the new folder.

        Raises
        ------
        ConfigError
            The folder holds a run, or this run is in one already, or its images are unknown.
        StorageError
            The folder cannot be written.
        """
        from gankit.launch.save_run import save_run

        path = paths.given(folder, "folder")
        save_run(self, path)
        return dataclasses.replace(self, folder=path)

    def evaluate(
        self,
        images: object = None,
        labels: object = None,
        *,
        n: int = 10_000,
        seed: int = 0,
        data_dir: Path | None = None,
        dataset: str | os.PathLike[str] | None = None,
        features: str | os.PathLike[str] | Features | None = None,
        progress: bool = True,
    ) -> Evaluation:
        """Evaluate `n` images against the data set's, as `gankit evaluate` does; writes nothing.

        Parameters
        ----------
        images, labels
            The run's training images and labels, if a program gave them and this is a loaded run;
            also both in a tuple, or a data set that brings its labels. None, the default, for those
            of its data set.
        n
            Number of images, at least 6. Compare metrics only if they are of equally many images.
        seed
            Random seed, as in `sample`.
        data_dir
            Folder of the data set's files; None for `GANKIT_DATA` and the usual folders.
        dataset
            Name or path of the run's images, if they were moved.
        features
            Path of an ONNX file, name of a plugin's features, or a `gankit.evaluation.Features`.
            None, the default, for gankit's own.
        progress
            Whether to show the progress: a bar in a terminal or a notebook, or lines, on standard
            error. True by default.

        Returns
        -------
        Evaluation
            Every metric by name, with the features and the reference that it depends on.

        Raises
        ------
        ConfigError
            `n` is too small, a program gave the images and they are not given here, or the ONNX
            file is not a network for these images.
        DataError
            The images cannot be loaded, or are not those that the run was trained on.
        PluginError
            Features raise an error, or return something else than finite numbers.
        """
        from gankit.launch.evaluation import evaluate
        from gankit.launch.evaluation.given_features import given_features

        if dataset is not None:
            paths.given(dataset, "dataset")
        if isinstance(images, int):
            raise ConfigError(f"images: got {images}; expected images; give n={images} for a count")
        wanted = True if labels is None else labels
        given = None if images is None else memory_data(images, wanted, reals=True)
        return evaluate.evaluate_run(
            self, n, seed,
            data_dir=optional(data_dir, "data_dir"),
            dataset=None if dataset is None else os.fspath(dataset),
            given=given,
            features=given_features(features),
            progress=progress,
        )  # fmt: skip

    def invert(
        self,
        images: object,
        steps: int = STEPS,
        restarts: int = RESTARTS,
        seed: int = 0,
        labels: LabelChoice | None = None,
        *,
        sources: object = None,
        derive: bool = False,
        skip_bad: bool = False,
        progress: bool = True,
    ) -> Inversion:
        """Find the generated image that is nearest to each image, and the noise that makes it.

        The generator is the one of `sample`, in inference mode. `gankit.inversion.invert` has the
        method; in float64 all backends give the same numbers, except for rounding.

        Parameters
        ----------
        images
            What `gankit.fit` takes, of the generator's shape: uint8, or real numbers in [-1, 1].
            Also the path of a folder of pictures, which are resized as for training, or of a .npy
            or .npz file.
        steps
            The most steps of each search, at least 1.
        restarts
            Searches for each image, at least 1; the best is taken.
        seed
            Random seed of the first noise.
        labels
            As in `sample`; None, the default, searches for the class too. Of labels that are
            vectors, a column that is not given is that of the generated image where the search
            begins.
        sources
            The source of each image, in the same order, if the generator takes noise and sources:
            what `translate` takes.
        derive
            Whether the sources are computed from the images, as in training; False by default.
        skip_bad
            Whether to skip pictures of a folder that cannot be read; False by default.
        progress
            As in `evaluate`.

        Returns
        -------
        Inversion
            The nearest images, their latents and errors.

        Raises
        ------
        ConfigError, DataError
            The images cannot be read, or have another shape than the generator's.
        Unsupported
            The backend cannot differentiate a generator by its noise.
        Diverged
            The generator makes images that are not finite.
        """
        from gankit.launch.run.invert_images import invert_images

        return invert_images(
            self, images, steps, restarts, seed, labels,
            sources=sources, derive=derive, skip_bad=skip_bad, progress=progress,
        )  # fmt: skip

    def translate(
        self,
        images: object,
        seed: int = 0,
        *,
        network: str | None = None,
        derive: bool = False,
        skip_bad: bool = False,
    ) -> Array:
        """Return what the generator makes of source images, as `gankit translate` does.

        Parameters
        ----------
        images
            What `gankit.fit` takes, of the shape of the run's sources; an array has uint8, or real
            numbers in [-1, 1]. Also the path of a folder of pictures, which are resized, or of a
            .npy or .npz file.
        seed
            Random seed of the noise, if the generator takes some.
        network
            Name of a network in `networks` that makes images of images, in place of the generator;
            None, the default, for the generator. The images have the shape of what it takes, those
            that the generator makes for the network back.
        derive
            Whether the sources are computed from the images, as in training: edges, for example.
            The images then have the shape of generated ones. False by default.
        skip_bad
            Whether to skip pictures of a folder that cannot be read; False by default.

        Returns
        -------
        Array
            `(n, height, width, channels)` in [-1, 1].

        Raises
        ------
        ConfigError, DataError
            The network takes no images, or the images cannot be read or have another shape.
        """
        from gankit.launch.run.translate_images import sources_of, translated

        found, _ = sources_of(self, images, derive=derive, skip_bad=skip_bad, network=network)
        return translated(self, found.images, seed, network)

    def encode(
        self, images: object, network: str | None = None, *, skip_bad: bool = False
    ) -> Array:
        """Return the codes of images, by an encoder that was trained beside the generator.

        `run.generator(codes)` are the images of the codes: the reconstructions.

        Parameters
        ----------
        images
            As in `invert`.
        network
            Name of the encoder in `networks`; None, the default, for the only network that takes
            images.
        skip_bad
            Whether to skip pictures of a folder that cannot be read; False by default.

        Returns
        -------
        Array
            `(n, noise_width)`, of the run's precision.

        Raises
        ------
        ConfigError, DataError
            The run has no encoder, or several, or the images cannot be read or have another shape.
        """
        return encoded(self, images, network, skip_bad=skip_bad)[1]

    def paths(self, inversion: Inversion, steps: int = 8) -> Array:
        """Interpolate between the latents of each inverted image and of the next.

        Parameters
        ----------
        inversion
            At least two images, from `invert`.
        steps
            Generated images of each path, at least 2: the first and the last are the nearest
            ones. The class and the source, if any, change in the middle; labels that are vectors
            change in equal steps.

        Returns
        -------
        Array
            `(n - 1, steps + 2, height, width, channels)` in [-1, 1]; a path begins and ends with
            the original images.
        """
        from gankit.launch.run.invert_images import paths_between

        return paths_between(self, inversion, steps)

    def each_class(self, n: int) -> Labels:
        """Return `(classes * n,)` labels, `n` of each class; raise ConfigError without classes."""
        if not self.problem.generator_classes:
            raise ConfigError(NO_CLASSES)
        check_count("n", n)
        return np.repeat(classes_of(self).labels(np.arange(self.problem.generator_classes)), n)

    def _repr_html_(self) -> str:
        from gankit.launch.run.run_html import run_html

        return run_html(self)

    @property
    def condition_names(self) -> tuple[str, ...]:
        """The names of the columns of the generator's labels, if they are vectors; else empty."""
        if not self.problem.generator_labels.columns:
            return ()
        return tuple(condition.name for condition in self.problem.conditions)

    def _made(
        self,
        noise: Iterable[Array],
        classes: AnyLabels | None,
        source: NDArray[Any] | None = None,
    ) -> Iterator[Array]:
        """Yield the images of chunks of noise, and of sources if there are some."""
        start = 0
        for part in noise:
            end = start + len(part)
            own = None if source is None else self.problem.scale(np.asarray(source[start:end]))
            inputs = self.problem.generator_inputs(part, own)
            yield self.generator(inputs, None if classes is None else classes[start:end])
            start = end

    def _own_sources(self, n: int) -> NDArray[Any] | None:
        """Return `n` sources of the run's images; None if its generator takes none."""
        if not self.problem.takes_source:
            return None
        known = None if self.plan is None else self.plan.data.sources
        if known is None:
            raise ConfigError(NO_SOURCES)
        return np.asarray(known[np.arange(n) % len(known)])

    def _check_no_sources(self) -> None:
        """Raise ConfigError if the generator takes sources, for what searches or walks in noise."""
        if self.problem.takes_source:
            raise ConfigError(
                "the run's generator takes source images, so there is no path in its noise; call "
                "run.translate(images)"
            )

    def _labels(self, n: int, labels: LabelChoice | None) -> AnyLabels | None:
        """Return the checked label of each of `n` images; None without labels."""
        if self.problem.generator_labels.columns:
            return condition_labels(self.problem.conditions, n, labels)
        return class_labels(classes_of(self), n, labels)


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
    """Build a pickled run again, with its backend."""
    trainer = plugins.get_backend(backend).trainer(problem)
    trainer.load_state(state)
    return Run(problem, trainer, step, history, config, folder, backend, class_names)
