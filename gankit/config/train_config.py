"""The configuration of a run as a dataclass, read from and written to TOML."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import json
import math
import os
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from gankit._text import counted, printable, restored, storable
from gankit._utils.counts import MOST_COUNT
from gankit._utils.field_types import as_tuple, check_fields
from gankit._utils.plain_numbers import number, plain_numbers
from gankit._utils.tagged_unions import Tagged
from gankit.augment import Augment
from gankit.codes import Code, width
from gankit.conditions import Condition
from gankit.config.messages import in_words
from gankit.contract import Native, Options, Problem
from gankit.contract.network_inputs import INPUTS, NOISE, SEES, SOURCE, as_sees
from gankit.contract.source_checks import check_inputs
from gankit.data import ImageOptions
from gankit.data.memory_data import GIVEN, MEMORY
from gankit.errors import ConfigError, shown
from gankit.layers import LAYERS, Layer, Shape, as_spec, output_shape, uses_labels
from gankit.losses import lecam, smoothed, swapped, with_options
from gankit.optimizers import OPTIMIZERS, Average, Optimizer
from gankit.passes import FurtherNetwork
from gankit.penalties import Penalty
from gankit.schedules import Schedule
from gankit.terms import LABEL, Term
from gankit.training import StepShape

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from gankit.losses import Loss

AUTO = "auto"
MOST_CONFIG_BYTES = 2**16
"""The most bytes of a configuration; recipes have about two thousand."""
PLAIN_TYPES = (bool, int, float, str)
MOST_KEY_PARTS = 1000
"""The most parts of a dotted key; parsing time grows with their square."""


@dataclass(frozen=True)
class NetworkConfig:
    """One network's layers and its optimizer.

    Attributes
    ----------
    layers
        The layers; empty for a native network.
    optimizer
        The optimizer.
    heads
        The heads of a discriminator: the number of columns of each, by its name, which follow the
        logit in this order; none by default.
    inputs
        What a generator takes: "noise", "source" or both; None, the default, is the noise.
    sees
        What a discriminator takes of each half, such as `real = ["real", "source"]` and
        `fake = ["fake", "source"]`; empty, the default, for the images alone.
    native
        Module and class of a native network, as `gankit.fit` records it; None for layers.
    parts
        Classes of the modules inside a native network, in order; None for layers.
    """

    layers: tuple[Annotated[Layer, Tagged("layer")], ...]
    optimizer: Annotated[Optimizer, Tagged("optimizer")]
    heads: dict[str, int] = field(default_factory=dict)
    inputs: tuple[str, ...] | None = None
    sees: dict[str, tuple[str, ...]] = field(default_factory=dict)
    native: str | None = None
    parts: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Convert lists and single values to tuples."""
        object.__setattr__(self, "layers", as_spec(self.layers, "layers"))
        if self.inputs is not None:
            object.__setattr__(self, "inputs", as_tuple(self.inputs))
        object.__setattr__(self, "sees", as_sees(self.sees))


@dataclass(frozen=True)
@plain_numbers
class TrainConfig(Options):
    """All settings of a run, as in `config.toml`: these, and its `Options`.

    Whole numbers are from 1 to 10^9 unless stated otherwise.

    Attributes
    ----------
    generator, discriminator
        The networks: layers and optimizers.
    latent
        Number of normal columns of the noise; those of `codes` follow.
    loss
        Name of an adversarial loss.
    loss_options
        The loss's own numbers by name, such as `margin` of "ebgan"; none by default.
    batch
        Images per update.
    epochs
        Epochs to train; needed unless `steps` are given.
    steps_per_epoch
        Steps per epoch; None, the default, takes one pass over the data set.
    steps
        Steps to train, instead of `epochs`; None by default.
    minutes
        Minutes of training after which the run ends with a checkpoint, even if steps are left;
        above 0. None, the default, for no limit. A resumed run counts the minutes before.
    n_critic
        Discriminator updates per step; 1 by default.
    label_smoothing
        Share by which real images count as fakes, in [0, 1); 0 by default.
    swapped
        Whether the generator minimises the discriminator's formula with real and generated values
        exchanged, instead of its own; False by default.
    lecam
        Weight of LeCam regularisation, `gankit.losses.lecam`, at least 0; 0 by default.
    classes
        Number of classes. None, the default, takes it from the data if a network is
        class-conditional.
    conditions
        Name and range of each column of labels that are vectors; by default those of the data, if a
        network or a term uses labels.
    labelled
        Number of images whose labels are used, the same number of each class, chosen with the
        seed; the others count as unlabelled. For runs that use labels in terms of "real/NAME"
        only. None, the default, uses all labels of the data.
    labelled_share
        Share of each batch that is drawn from the images with a label, above 0 and at most 1; None,
        the default, draws all images alike. With few labels, most batches would have hardly any.
    source_images
        The sources, for a run with `source`: "edges", "grey", "masked" or "shrunk", computed from
        the images (`gankit.data.derived_sources`), or the name or path of another data set. None
        by default.
    source_shape
        (height, width, channels) of the sources; None by default.
    images
        How your own pictures are converted to one shape; None, the default, takes the
        generator's.
    summary
        Description of the recipe, in one line; empty by default.
    recipe
        Name of the recipe; "custom" by default.
    backend
        Name of a backend; "auto", the default, takes the first installed of torch, keras, numpy.
    dataset
        Name of a data set, or the path of your own; "auto", the default, takes MNIST, or glyphs
        if MNIST is not available.
    sample_every
        Epochs between sample grids; 10 by default. One is also drawn after the first epoch.
    checkpoint_every
        Steps between checkpoints; None, the default, takes an epoch's.
    keep_checkpoints
        How many of the newest checkpoints to keep; 3 by default.
    evaluate_every
        Epochs between evaluations; the checkpoint of the best is saved too. None, the default,
        never evaluates.
    evaluate_samples
        Images generated per evaluation; 10,000 by default.
    patience
        Evaluations without a lower Fréchet distance after which the run stops; needs
        `evaluate_every`. None, the default, never stops for that.
    plugins
        Settings of plugins, a table by each plugin's name; none by default. A plugin's callbacks
        are given its own.
    """

    generator: NetworkConfig
    discriminator: NetworkConfig
    latent: int
    loss: str
    batch: int
    epochs: int | None = None
    steps_per_epoch: int | None = None
    steps: int | None = None
    minutes: float | None = None
    n_critic: int = 1
    loss_options: dict[str, float] = field(default_factory=dict)
    label_smoothing: float = 0.0
    swapped: bool = False
    lecam: float = 0.0
    classes: int | None = None
    conditions: tuple[Condition, ...] = ()
    labelled: int | None = None
    labelled_share: float | None = None
    source_images: str | None = None
    source_shape: tuple[int, ...] | None = None
    images: ImageOptions | None = None
    summary: str = ""
    recipe: str = "custom"
    backend: str = AUTO
    dataset: str = AUTO
    sample_every: int = 10
    checkpoint_every: int | None = None
    keep_checkpoints: int = 3
    evaluate_every: int | None = None
    evaluate_samples: int = 10_000
    patience: int | None = None
    plugins: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ConfigError for a value of a wrong type, or for all numbers out of range."""
        object.__setattr__(self, "conditions", as_tuple(self.conditions))
        check_fields(self)
        positive = (
            "latent", "batch", "n_critic", "epochs", "steps_per_epoch", "steps", "sample_every",
            "checkpoint_every", "keep_checkpoints", "evaluate_every", "evaluate_samples",
            "patience", "classes", "labelled",
        )  # fmt: skip
        wrong = []
        for name in positive:
            value = getattr(self, name)
            if value is not None and not 1 <= value <= MOST_COUNT:
                wrong.append(f"{name}: got {value}; expected 1 to {MOST_COUNT:,}")
        if self.labelled_share is not None and not 0 < self.labelled_share <= 1:
            wrong.append(
                f"labelled_share: got {self.labelled_share:g}; expected above 0, at most 1"
            )
        if self.minutes is not None and not 0 < self.minutes < math.inf:
            wrong.append(f"minutes: got {self.minutes:g}; expected a number above 0")
        if self.patience is not None and self.evaluate_every is None:
            wrong.append(f"patience: got {self.patience} without evaluate_every; give both")
        if self.discriminator.inputs is not None:
            wrong.append("discriminator.inputs: got a value; expected it in generator.inputs")
        if self.generator.sees:
            wrong.append("generator.sees: got a value; expected it in discriminator.sees")
        if self.source and not (self.source_images and self.source_shape):
            wrong.append(
                f"source: got {self.source!r} without source_images and source_shape; give both"
            )
        if self.generator.heads:
            wrong.append("generator.heads: got heads; expected them in discriminator.heads")
        if self.epochs is None and self.steps is None:
            wrong.append("'epochs' is missing; give epochs or steps")
        if wrong:
            raise ConfigError("; ".join(wrong))

    def __repr__(self) -> str:
        """Return a one-line summary; `to_toml` returns every value."""
        length = counted(self.steps or self.epochs or 0, "step" if self.steps else "epoch")
        summary = (
            f"{subject(self)}, {self.backend}, {length} of batch {self.batch}, seed {self.seed}"
        )
        return f"TrainConfig({summary})"

    def step_shape(self) -> StepShape:
        """Return `n_critic`, the batch size, and how many images of a batch have labels."""
        labelled = math.ceil((self.labelled_share or 0) * self.batch)
        return StepShape(self.batch, self.n_critic, labelled)

    def epoch(self, images: int) -> int:
        """Return the steps of an epoch over a data set of `images`."""
        return self.steps_per_epoch or math.ceil(images / self.batch)

    def total_steps(self, images: int) -> int:
        """Return the steps of the whole run over a data set of `images`."""
        return self.steps or (self.epochs or 0) * self.epoch(images)

    @property
    def conditional(self) -> bool:
        """Whether a network is class-conditional or classifies images."""
        further = (network.layers for network in self.networks.values())
        specs = (self.generator.layers, self.discriminator.layers, *further)
        classifies = self.auxiliary > 0 or any(term.to == LABEL for term in self.terms)
        return classifies or any(map(uses_labels, specs))

    @property
    def noise_width(self) -> int:
        """Number of columns of the noise: `latent` normal numbers, and those of the codes.

        It is 0 if the generator takes no noise.
        """
        return self.latent + width(self.codes) if NOISE in self._inputs else 0

    @property
    def _inputs(self) -> tuple[str, ...]:
        """What the generator takes."""
        return INPUTS if self.generator.inputs is None else self.generator.inputs

    @property
    def image_shape(self) -> Shape:
        """The shape of the generator's output; ConfigError for native networks."""
        self.check_no_native()
        shapes = {NOISE: (self.noise_width,), SOURCE: self.source_shape or ()}
        check_inputs(self._inputs, self.discriminator.sees or SEES)
        return output_shape(self.generator.layers, tuple(shapes[name] for name in self._inputs))

    def problem(
        self, image_shape: Shape, loss: Loss, native: Mapping[str, Native] | None = None
    ) -> Problem:
        """Return the problem for a backend; a class-conditional one needs `classes`.

        Parameters
        ----------
        image_shape
            `(height, width, channels)` of the images.
        loss
            The loss named by `self.loss`.
        native
            The native networks by "generator" and "discriminator"; None if both are layers.

        Raises
        ------
        ConfigError
            A native network is not given.
        """
        native = native or {}
        self.check_no_native(but=native)
        smooth = smoothed(with_options(loss, self.loss_options), self.label_smoothing)
        return Problem(
            generator=native.get("generator", self.generator.layers),
            discriminator=native.get("discriminator", self.discriminator.layers),
            latent=self.latent,
            image_shape=image_shape,
            loss=lecam(swapped(smooth) if self.swapped else smooth, self.lecam),
            generator_optimizer=self.generator.optimizer,
            discriminator_optimizer=self.discriminator.optimizer,
            classes=(self.classes or 0) if self.conditional or native else 0,
            conditions=self.conditions if self.conditional or native else (),
            heads=self.discriminator.heads,
            source_shape=self.source_shape,
            inputs=self._inputs,
            sees=self.discriminator.sees or SEES,
            **self.options(),
        )

    def check_no_native(self, but: Collection[str] = ()) -> None:
        """Raise ConfigError if a network is native: its class's name does not build it.

        `but` are the networks that a program gives.
        """
        for role in ("generator", "discriminator"):
            if (name := getattr(self, role).native) and role not in but:
                raise ConfigError(
                    f"{role}: got {name}, a native network, which only a program can build; "
                    "call gankit.load(folder, generator=..., discriminator=...), or gankit.fit("
                    "..., out=..., resume=True) there"
                )

    def settings(self) -> dict[str, object]:
        """Return every value that is not None, nested as in TOML, the options last."""
        options = self.options()
        ordered = sorted(
            dataclasses.asdict(self).items(), key=lambda setting: setting[0] in options
        )
        settings: dict[str, object] = _without_none(dict(ordered))
        for name in ("plugins", "conditions", "networks", "passes"):
            if not getattr(self, name):
                del settings[name]
        for role in ("generator", "discriminator"):
            for name in ("heads", "sees"):
                if not getattr(getattr(self, role), name):
                    del settings[role][name]  # type: ignore[attr-defined]
        terms: Any = settings["terms"]  # Without the values of other kinds, which are empty.
        settings["terms"] = [
            {name: value for name, value in term.items() if value not in ("", (), [])}
            for term in terms
        ]
        return settings

    def to_toml(self) -> str:
        """Return the configuration as TOML, which `from_toml` reads."""
        import tomli_w

        return tomli_w.dumps(_every_text(storable, self.settings()))


def subject(config: TrainConfig) -> str:
    """Return recipe and data set as a short text: "simple on mnist"."""
    dataset = GIVEN if config.dataset == MEMORY else Path(config.dataset).name
    return " on ".join(map(printable, (config.recipe, dataset)))


PARTS: tuple[Any, ...] = (
    TrainConfig, NetworkConfig, FurtherNetwork, Average, Code, Condition, Term, Penalty, Augment,
    Schedule, ImageOptions, *LAYERS, *OPTIMIZERS,
)  # fmt: skip
"""The dataclasses of a configuration."""


def from_toml(text: str, source: str = "the configuration") -> TrainConfig:
    """Parse TOML into a configuration; ConfigError names `source` and what is wrong."""
    return from_settings(parse_toml(text, source), source)


def parse_toml(text: str, source: str) -> dict[str, Any]:
    """Parse TOML; ConfigError names `source` if it is invalid."""
    if any(line.count(".") > MOST_KEY_PARTS for line in text.splitlines()):
        raise ConfigError(f"{source} is not TOML: a key has more than {MOST_KEY_PARTS} parts")
    try:
        parsed = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # Also integers of too many digits.
        raise ConfigError(f"{source} is not TOML: {error}") from None
    # A null is stored as an escape; without one, no name is escaped.
    return dict(_every_text(restored, parsed)) if r"\u0000" in text else parsed


def from_settings(settings: Mapping[str, Any], source: str = "the configuration") -> TrainConfig:
    """Validate nested values; ConfigError lists everything that is wrong, in one line.

    The line begins with `source`, unless that is empty.
    """
    from pydantic import ValidationError

    before = f"{source}: " if source else ""
    try:
        text = json.dumps(_every_text(storable, _plain(settings, before)))
        return _with_names_restored(_adapter().validate_json(text, strict=True))
    except ValidationError as error:
        raise ConfigError(f"{before}{in_words(error, PARTS)}") from None
    except ConfigError:
        raise
    except (ValueError, RecursionError) as error:  # Of JSON: a number too long, lists too deep.
        raise ConfigError(f"{before}{error}") from None


@functools.cache
def _adapter() -> TypeAdapter[TrainConfig]:
    """Return the validator; created lazily, because importing pydantic is slow."""
    from pydantic import ConfigDict, TypeAdapter, with_config

    strict = with_config(ConfigDict(extra="forbid", allow_inf_nan=False))
    for part in PARTS:
        strict(part)
    return TypeAdapter(TrainConfig)


def _plain(value: object, before: str, place: str = "") -> object:
    """Return a value as JSON has it; ConfigError names the path of a value that JSON lacks."""
    if isinstance(value, PLAIN_TYPES) or (value is None and not place.startswith(".plugins.")):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(v, before, f"{place}.{key}") for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, before, f"{place}.{i}") for i, item in enumerate(value)]
    if isinstance(value, PARTS):
        return _plain(dataclasses.asdict(value), before, place)
    if (plain := number(value)) is not value:
        return _plain(plain, before, place)
    if isinstance(value, os.PathLike | datetime.date | datetime.time):
        return str(value)
    if place in {".generator", ".discriminator"}:
        raise ConfigError(
            f"{before}{place[1:]}: got {shown(value)}; expected layers of gankit; for networks "
            "of a framework, call gankit.fit"
        )
    raise ConfigError(
        f"{before}{place[1:]}: got {shown(value)}; expected a value that TOML can hold"
    )


def _with_names_restored(config: TrainConfig) -> TrainConfig:
    """Return the configuration with names unescaped, as in the file system."""
    texts = {f.name: getattr(config, f.name) for f in dataclasses.fields(config)}
    stored = {name: text for name, text in texts.items() if isinstance(text, str) and "\0" in text}
    return dataclasses.replace(config, **_every_text(restored, stored)) if stored else config


def _every_text(change: Callable[[str], str], value: Any) -> Any:  # noqa: ANN401 - nested TOML.
    """Return nested values with every text changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _every_text(change, inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_every_text(change, inner) for inner in value]
    return value


def _without_none(value: Any) -> Any:  # noqa: ANN401 - nested TOML.
    if isinstance(value, dict):
        return {key: _without_none(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_without_none(inner) for inner in value]
    return value
