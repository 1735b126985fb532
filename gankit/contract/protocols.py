"""The contract between the core and a backend.

The core has NumPy arrays, one algorithm and a list of callbacks; a backend computes everything
that needs gradients. A backend is a `Backend`: a name and a function that builds a `Trainer` for a
`Problem`. The tests of `gankit.testing.BackendContract` are the clauses that every trainer must
satisfy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from gankit._utils.lost_links import lost_links_noticed
from gankit._utils.start_variables import Started, started
from gankit._utils.state import State
from gankit.contract.export_format import Export
from gankit.contract.label_format import AnyLabels
from gankit.contract.loss_columns import Losses
from gankit.contract.problem import Problem
from gankit.contract.random_streams import StepKey
from gankit.contract.specification import Array
from gankit.contract.world import ALONE, World
from gankit.errors import (
    BackendUnavailable,
    ConfigError,
    GankitError,
    PluginError,
    Unsupported,
    shown,
)

__all__ = [
    "API", "CAPABILITIES", "Array", "Backend", "Batch", "Block", "BlockTrainer", "Classifier",
    "DifferentiableGenerator", "Discriminator", "Generator", "Network", "NetworksTrainer",
    "Problem", "State", "Trainer",
]  # fmt: skip

API = 1
"""Version of this contract; a backend states the version that it was written for."""

CAPABILITIES = frozenset({
    "float32", "float64", "native", "average", "exact-blocks", "conv", "norm", "spectral",
    "residual", "concat", "attention", "minibatch-std", "reconstruction", "labels", "sources",
    "class-logits", "heads", "label-vectors", "logit-maps", "features", "networks",
    "input-gradients", "augment", "adaptive", "followers", "rmsprop", "clip", "beta2-schedule",
    "mixed", "freeze", "distributed", "noise-gradients",
})  # fmt: skip
"""Capabilities of backends: `docs/design.md` defines each, `Problem.needs` selects them."""


class Network(Protocol):
    """A network for the core: arrays in, arrays out, always in inference mode."""

    def __call__(
        self, inputs: Array | tuple[Array, ...], labels: AnyLabels | None = None, /
    ) -> Array:
        """Return the outputs for `n` `inputs`, of the problem's precision.

        A network of several inputs takes a tuple of them: `Problem.inputs` and `Problem.sees`.
        A conditional network needs `(n,)` classes, or `(n, columns)` vectors, as `labels`;
        `Problem.label_format` validates them.
        Any other network ignores them.
        """
        ...

    def weights(self) -> State:
        """Return copies by name, as in `layers.weight_shapes`; NotPortable if native."""
        ...

    def load_weights(self, weights: State, /) -> None:
        """Copy `weights` in, all or nothing; CheckpointError for wrong names or shapes."""
        ...


class Generator(Network, Protocol):
    """`(n, latent)` noise, or `Problem.inputs` -> `(n, height, width, channels)` in [-1, 1]."""


@runtime_checkable
class DifferentiableGenerator(Generator, Protocol):
    """A generator that can be differentiated by its noise: capability "noise-gradients".

    The trainer's generator and its average both are, native networks too.
    """

    def noise_gradient(
        self,
        inputs: Array | tuple[Array, ...],
        targets: Array,
        labels: AnyLabels | None = None,
        /,
    ) -> tuple[Array, Array]:
        """Return the images of `inputs`, and the gradient of a squared error at their noise.

        The error is half the sum of (images - targets)^2, and the network is in inference mode.
        For another gradient c at the images, give the images minus c as the targets.

        Parameters
        ----------
        inputs
            `(n, latent)` noise, or a tuple with noise and source in the order of `Problem.inputs`,
            float32 or float64.
        targets
            `(n, height, width, channels)`, float32 or float64.
        labels
            As in a call.

        Returns
        -------
        images
            As of a call.
        gradient
            `(n, latent)`, of the problem's precision.
        """
        ...


class Discriminator(Network, Protocol):
    """`(n, height, width, channels)` images -> `(n,)` logits, high for real.

    The logit of an image with a map of logits is their mean.
    """


class Classifier(Discriminator, Protocol):
    """A discriminator with heads: `problem.all_heads`."""

    def classify(self, images: Array, head: str = "class", /) -> Array:
        """Return the `(n, size)` outputs of a head for `n` images, in inference mode.

        Parameters
        ----------
        images
            `(n, height, width, channels)`.
        head
            The head's name. "class", the default, is that of an auxiliary classifier, with the
            class logits. ConfigError without such a head.
        """
        ...


class Trainer(Protocol):
    """A generator and a discriminator in training."""

    @property
    def generator(self) -> Generator:
        """The generator, in inference mode."""
        ...

    @property
    def discriminator(self) -> Discriminator:
        """The discriminator, in inference mode."""
        ...

    @property
    def average(self) -> Generator | None:
        """The generator with averaged weights; None unless the problem has an `average`."""
        ...

    def update_discriminator(self, batch: Batch, /) -> Losses:
        """Update the discriminator alone, once, on `batch`; return its loss before the update.

        If `problem.terms_of("discriminator")` has T terms, return `(1 + T,)`: the loss, then the
        value of each term before the update, without its weight.
        """
        ...

    def update_generator(self, batch: Batch, /) -> Losses:
        """Update the generator alone on `batch`, then its average; return the loss before it.

        With terms of the generator, as in `update_discriminator`.
        """
        ...

    def state(self) -> State:
        """Return copies of everything that is needed to resume."""
        ...

    def load_state(self, state: State, /) -> None:
        """Resume from a copy of `state`, all or nothing; CheckpointError if it does not fit."""
        ...


_METHODS = ("update_discriminator", "update_generator", "state", "load_state")
"""The methods of every trainer."""


@runtime_checkable
class NetworksTrainer(Trainer, Protocol):
    """A trainer of further networks, `Problem.networks`: capability "networks"."""

    @property
    def networks(self) -> Mapping[str, Network]:
        """What is neither generator nor discriminator, by name, in inference mode.

        A network takes and returns arrays of the shapes of its first pass.
        """
        ...


@runtime_checkable
class BlockTrainer(Trainer, Protocol):
    """A trainer that can also run many steps in one call."""

    def place(
        self, images: NDArray[Any], labels: AnyLabels | None, source: NDArray[Any] | None = None, /
    ) -> None:
        """Store the data set for blocks to index.

        Parameters
        ----------
        images
            `(N, height, width, channels)`. Images in a file are not an `np.ndarray`: they have a
            shape, a dtype and a length, and indexing returns rows; `np.asarray` reads all of them.
        labels
            `(N,)` int64, `(N, d)` numbers, or None: the labels that the problem takes.
        source
            `(N, height, width, channels)` sources, if the problem has paired ones; of unpaired
            ones any number.
        """
        ...

    def train_block(self, block: Block, /) -> Array:
        """Run the K steps of `block`; return their losses, equal to `training.alternate`'s.

        `(K, C)`, with the C columns of `problem.loss_columns`: `loss_columns.of_steps` makes them
        of what the updates return.
        """
        ...


@dataclass(frozen=True)
class Batch:
    """The inputs of one update; with the weights, they determine the update.

    Attributes
    ----------
    real
        `(B, height, width, channels)` images in [-1, 1].
    noise
        `(B, latent)` standard normal numbers.
    labels
        `(B,)` classes of the real images and of the fakes, or `(B, columns)` vectors; None if
        the data set has none.
    random
        Every other random input of the update, by name: `gankit.contract.random_inputs`.
    scalars
        This update's scalars, by name: `gankit.contract.scalars`.
    key
        Position of the update in the run, for randomness inside networks.
    source
        `(B, height, width, channels)` sources in [-1, 1]; None, the default, without any.
    """

    real: Array
    noise: Array
    labels: AnyLabels | None
    random: Mapping[str, Array]
    scalars: Mapping[str, float]
    key: StepKey
    source: Array | None = None


@dataclass(frozen=True)
class Block:
    """K steps of batches as arrays, with S = n_critic + 1 updates each, the generator's last.

    Attributes
    ----------
    seed, start
        Position of the block in the run: its first step is step `start`, counted from 0.
    index
        `(K, S, B)` int64, indices of each update's images in the data set.
    noise
        `(K, S, B, latent)`.
    random, scalars
        `(K, S, B, ...)` and `(K, S)` by name, as in `Batch`; scalars may differ by update.
        With the random input "flip", the images of `index` are mirrored where it is True, and
        with them paired sources.
    source_index
        `(K, S, B)` int64, indices of each update's sources; None, the default, without any. Of
        paired sources it is `index`.
    """

    seed: int
    start: int
    index: NDArray[np.int64]
    noise: Array
    random: Mapping[str, Array]
    scalars: Mapping[str, NDArray[np.float64]]
    source_index: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        """Return the number of steps."""
        return len(self.index)

    def keys(self, row: int) -> list[StepKey]:
        """Return the keys of the updates of the block's step `row`."""
        return [StepKey(self.seed, self.start + row, s) for s in range(self.index.shape[1])]

    def batches(
        self,
        problem: Problem,
        images: NDArray[Any],
        labels: AnyLabels | None,
        source: NDArray[Any] | None = None,
    ) -> Iterator[list[Batch]]:
        """Yield each step's batches, in order.

        Parameters
        ----------
        problem
            The problem; it scales the images.
        images
            `(N, height, width, channels)`, the data set.
        labels
            `(N,)` int64, or `(N, columns)` float64; None if the data set has none.
        source
            The sources, as in `BlockTrainer.place`; None, the default, without any.

        Raises
        ------
        ConfigError
            There are fewer images, labels or sources than the block was planned for.
        """
        _check_enough("images", images, self.index)
        _check_enough("labels", labels, self.index)
        _check_enough("source", source, self.source_index)
        for r in range(len(self)):
            yield [
                Batch(
                    real=_mirrored(problem.scale(images[self.index[r, s]]), draws.get("flip")),
                    noise=self.noise[r, s],
                    labels=None if labels is None else labels[self.index[r, s]],
                    random=draws,
                    scalars={name: float(rate[r, s]) for name, rate in self.scalars.items()},
                    key=key,
                    source=self._source(problem, source, r, s, draws),
                )
                for s, key in enumerate(self.keys(r))
                for draws in ({name: draw[r, s] for name, draw in self.random.items()},)
            ]

    def _source(
        self,
        problem: Problem,
        source: NDArray[Any] | None,
        row: int,
        update: int,
        draws: Mapping[str, NDArray[Any]],
    ) -> Array | None:
        """Return the sources of an update, mirrored as their images are if they are paired."""
        if source is None or self.source_index is None:
            return None
        images = problem.scale(source[self.source_index[row, update]])
        return _mirrored(images, draws.get("flip") if problem.source == "paired" else None)

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays."""
        more = () if self.source_index is None else (self.source_index,)
        arrays = (*more, self.index, self.noise, *self.random.values(), *self.scalars.values())
        return sum(array.nbytes for array in arrays)


def _check_enough(name: str, given: Any, index: NDArray[np.int64] | None) -> None:  # noqa: ANN401
    """Raise ConfigError unless there is one for each index."""
    if given is None or index is None or not index.size or index.max() < len(given):
        return
    raise ConfigError(
        f"{name}: got {len(given)}; expected at least {index.max() + 1}, because the block was "
        "planned for more; give plan their number"
    )


def _mirrored(images: Array, flip: NDArray[np.bool_] | None) -> Array:
    return images if flip is None else np.where(flip, images[:, :, ::-1], images)


@dataclass(frozen=True)
class Backend:
    """A backend, as its plugin returns it.

    Attributes
    ----------
    name
        Its name for `--backend`.
    requires
        The modules that must be importable; they are looked up without importing them.
    build
        Builds the trainer; the framework is imported only here.
    capabilities
        A subset of `CAPABILITIES`.
    api
        Version of the contract that it was written for; state it explicitly, because the default
        is that of the installed gankit.
    remedy
        What to do when a required module is missing or too old: "pip install 'gankit[torch]'".
    inspect
        Returns facts about the framework on this machine, texts by name: versions, devices,
        threads, determinism, precision; imports it. `gankit doctor` prints them.
    exports
        Formats in which it can write a network, by name for `gankit export --to`.
    join
        Meets the processes that this one was started together with, and returns their world,
        always the same one; needed for the capability "distributed". Its argument says how this
        process was started.
    distribution
        The package whose requirements give the oldest versions of the modules in `requires`, such
        as "gankit"; empty, the default, for none.
    """

    name: str
    requires: tuple[str, ...]
    build: Callable[[Problem], Trainer]
    capabilities: frozenset[str] = field(default_factory=frozenset)
    api: int = API
    remedy: str = ""
    inspect: Callable[[], Mapping[str, str]] | None = None
    exports: Mapping[str, Export] = field(default_factory=dict, hash=False)
    join: Callable[[Started], World] | None = None
    distribution: str = ""

    def world(self) -> World:
        """Return the processes that this one was started together with, or one process.

        Raises
        ------
        Unsupported
            There are several, and the backend cannot train in several processes.
        ConfigError
            A variable with which the process was started is invalid.
        """
        this = started()
        if not this.together:
            return ALONE
        self.check_world(this.size)
        with lost_links_noticed():
            return self.join(this) if self.join else ALONE

    def check_world(self, size: int) -> None:
        """Raise Unsupported unless it can train in `size` processes."""
        if size > 1 and (self.join is None or "distributed" not in self.capabilities):
            raise Unsupported(
                f"backend {self.name!r} cannot train in {size} processes; choose one with the "
                "capability 'distributed'"
            )

    def check(self, problem: Problem) -> None:
        """Raise Unsupported, naming the missing capabilities, unless it can build `problem`."""
        alone = {"native", "mixed"} & problem.needs() if problem.world.size > 1 else set()
        if alone:
            raise Unsupported(
                f"{' and '.join(sorted(alone))}: not possible in {problem.world.size} processes; "
                "train in one process"
            )
        if missing := problem.needs() - self.capabilities:
            has = ", ".join(sorted(self.capabilities)) or "none"
            raise Unsupported(
                f"backend {self.name!r} cannot do {', '.join(sorted(missing))}; it can do: {has}"
            )

    def knows(self, network: object) -> bool:
        """Return whether `network` may be a native network of this backend; imports nothing.

        True if the backend has the capability "native" and the network's class, or a base class of
        it, is from a module in `requires`: `torch` for an `nn.Module`.
        """
        return any(map(self.made, type(network).__mro__))

    def made(self, kind: type) -> bool:
        """Return whether the class `kind` is from one of the backend's modules."""
        modules = self.requires if "native" in self.capabilities else ()
        return any(f"{kind.__module__}.".startswith(f"{module}.") for module in modules)

    def trainer(self, problem: Problem) -> Trainer:
        """Build the trainer of `problem`.

        Any other error in `build` is a mistake in the backend and propagates unchanged.

        Raises
        ------
        Unsupported
            The problem needs a capability that the backend does not have.
        BackendUnavailable
            A library cannot be imported or loaded: `build` raised ImportError, OSError or
            SystemExit.
        PluginError
            `build` returned something without the methods of a trainer.
        """
        self.check(problem)
        try:
            trainer = self.build(problem)
        except GankitError:  # A StorageError is an OSError too.
            raise
        except (ImportError, OSError, SystemExit) as error:
            why = f"{type(error).__name__}: {error}"
            raise BackendUnavailable(f"backend {self.name!r} cannot be built: {why}") from error
        if missing := [name for name in _METHODS if not callable(getattr(trainer, name, None))]:
            raise PluginError(
                f"build of backend {self.name!r}: got {shown(trainer)}, without "
                f"{', '.join(missing)}; expected a gankit.contract.Trainer"
            )
        return trainer
