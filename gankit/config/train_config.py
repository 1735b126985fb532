"""What a run is: every number of it, as data, in TOML in and out."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import json
import math
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from gankit._text import printable, restored, storable
from gankit._utils.counts import MOST_COUNT
from gankit._utils.plain_numbers import number, plain_numbers
from gankit._utils.tagged_unions import Tagged
from gankit.augment import Augment
from gankit.config.messages import in_words
from gankit.contract import Precision, Problem
from gankit.data import ImageOptions
from gankit.errors import ConfigError, shown
from gankit.layers import LAYERS, Layer, Shape, as_spec, output_shape, uses_labels
from gankit.losses import smoothed
from gankit.optimizers import OPTIMIZERS, Average, Optimizer
from gankit.penalties import Penalty
from gankit.schedules import Rate, Schedule
from gankit.training import StepShape

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from gankit.losses import Loss

AUTO = "auto"
LIMIT = 2**16
"""The most bytes of a configuration; the recipes have some two thousand."""
PLAIN = (bool, int, float, str)
PARTED = 1000
"""Parts that a dotted key may have; the time to parse one grows with their square."""


@dataclass(frozen=True)
class NetworkConfig:
    """One network's layers, and the optimizer that moves its weights."""

    layers: tuple[Annotated[Layer, Tagged("layer")], ...]
    optimizer: Annotated[Optimizer, Tagged("optimizer")]

    def __post_init__(self) -> None:
        """Take a list or a single layer as a tuple."""
        object.__setattr__(self, "layers", as_spec(self.layers, "layers"))


@dataclass(frozen=True)
@plain_numbers
class TrainConfig:
    """All settings of a run, as `config.toml` has them.

    Whole numbers are at least 1 and at most 10^9 if nothing else is said.

    Attributes
    ----------
    generator, discriminator
        The networks: their layers and their optimizers.
    latent
        Width of the noise.
    loss
        Name of an adversarial loss.
    batch
        Images per update.
    n_critic
        Discriminator updates per step; 1 by default.
    fresh_noise
        Whether the generator's update draws noise of its own, as it does by default; if False, it
        takes that of the last discriminator update.
    average
        How the generator's weights are averaged; samples then come from the average. None, the
        default, keeps none.
    penalties
        Gradient penalties of the discriminator; none by default.
    label_smoothing
        Share by which real images count as fakes, in [0, 1); 0 by default.
    augment
        How images change on their way into the discriminator; None, the default, leaves them as
        they are.
    instance_noise
        Standard deviation of normal noise that is added to the discriminator's inputs, at least
        0, or a schedule; 0 by default.
    flip
        Whether real images are mirrored, left to right, with chance 1/2; False by default. Do not
        mirror digits or letters.
    auxiliary
        Weight of a classifier inside the discriminator, which then makes 1 + classes numbers, at
        least 0; 0, the default, is no classifier.
    classes
        Number of classes. None, the default, takes it from the data if a network looks at
        classes.
    images
        How your own pictures are brought to one shape; None, the default, takes the generator's.
    precision
        "float32", the default, or "float64".
    mixed
        Whether products may round their factors to bfloat16, which is faster on some processors;
        False by default.
    epochs
        How many epochs to train.
    steps_per_epoch
        Steps of an epoch; None, the default, takes one pass over the data set.
    steps
        How many steps to train, instead of `epochs`; None by default.
    seed
        Random seed, in [0, 2^63); 0 by default.
    summary
        What the recipe is, in one line; empty by default.
    recipe
        Name of the recipe that the settings come from; "custom" by default.
    backend
        Name of a backend; "auto", the default, takes the first installed of torch, keras, numpy.
    dataset
        Name of a data set, or the path of your own; "auto", the default, takes MNIST, or glyphs
        if MNIST cannot be had.
    device
        Where to compute, as the backend's framework names it; "auto", the default, takes the best.
    sample_every
        Epochs from one grid of samples to the next; 10 by default. One is drawn after the first
        epoch too.
    checkpoint_every
        Steps from one checkpoint to the next; None, the default, takes an epoch's.
    keep_checkpoints
        How many of the newest checkpoints stay; 3 by default.
    evaluate_every
        Epochs from one evaluation to the next; the checkpoint of the best stays too. None, the
        default, evaluates never.
    evaluate_samples
        Images that are generated for an evaluation; 10,000 by default.
    """

    generator: NetworkConfig
    discriminator: NetworkConfig
    latent: int
    loss: str
    batch: int
    epochs: int
    n_critic: int = 1
    fresh_noise: bool = True
    average: Average | None = None
    penalties: tuple[Penalty, ...] = ()
    label_smoothing: float = 0.0
    augment: Augment | None = None
    instance_noise: Rate = 0.0
    flip: bool = False
    auxiliary: float = 0.0
    classes: int | None = None
    images: ImageOptions | None = None
    precision: Precision = "float32"
    mixed: bool = False
    steps_per_epoch: int | None = None
    steps: int | None = None
    seed: int = 0
    summary: str = ""
    recipe: str = "custom"
    backend: str = AUTO
    dataset: str = AUTO
    device: str = AUTO
    sample_every: int = 10
    checkpoint_every: int | None = None
    keep_checkpoints: int = 3
    evaluate_every: int | None = None
    evaluate_samples: int = 10_000

    def __post_init__(self) -> None:
        """Refuse numbers out of range, all at once."""
        positive = (
            "latent", "batch", "n_critic", "epochs", "steps_per_epoch", "steps", "sample_every",
            "checkpoint_every", "keep_checkpoints", "evaluate_every", "evaluate_samples", "classes",
        )  # fmt: skip
        wrong = [
            f"{name} is {value}; it must be at least 1, and at most {MOST_COUNT:,}"
            for name in positive
            if (value := getattr(self, name)) is not None and not 1 <= value <= MOST_COUNT
        ]
        if wrong:
            raise ConfigError("; ".join(wrong))

    def __repr__(self) -> str:
        """Return one line; `to_toml` returns every value."""
        length = f"{self.steps:,} steps" if self.steps else f"{self.epochs:,} epochs"
        told = f"{subject(self)}, {self.backend}, {length} of batch {self.batch}, seed {self.seed}"
        return f"TrainConfig({told})"

    def step_shape(self) -> StepShape:
        """Return how a step is made up."""
        return StepShape(self.batch, self.n_critic)

    def epoch(self, images: int) -> int:
        """Return the steps of an epoch over a data set of `images`."""
        return self.steps_per_epoch or math.ceil(images / self.batch)

    def total_steps(self, images: int) -> int:
        """Return the steps of the whole run over a data set of `images`."""
        return self.steps or self.epochs * self.epoch(images)

    @property
    def conditional(self) -> bool:
        """Whether a network looks at the classes of its images, or tells them apart."""
        specs = (self.generator.layers, self.discriminator.layers)
        return self.auxiliary > 0 or any(map(uses_labels, specs))

    @property
    def image_shape(self) -> Shape:
        """The shape that the generator makes."""
        return output_shape(self.generator.layers, (self.latent,))

    def problem(self, image_shape: Shape, loss: Loss) -> Problem:
        """Return what a backend is asked to build; `classes` must be known if it is conditional.

        `image_shape` is the (height, width, channels) of the images, `loss` the loss that the
        name stands for.
        """
        return Problem(
            generator=self.generator.layers,
            discriminator=self.discriminator.layers,
            latent=self.latent,
            image_shape=image_shape,
            loss=smoothed(loss, self.label_smoothing),
            generator_optimizer=self.generator.optimizer,
            discriminator_optimizer=self.discriminator.optimizer,
            fresh_noise=self.fresh_noise,
            average=self.average,
            classes=(self.classes or 0) if self.conditional else 0,
            auxiliary=self.auxiliary,
            penalties=self.penalties,
            augment=self.augment,
            instance_noise=self.instance_noise,
            flip=self.flip,
            precision=self.precision,
            mixed=self.mixed,
            device=self.device,
            seed=self.seed,
        )

    def settings(self) -> dict[str, Any]:
        """Return every value, nested as in TOML; what is not given is left out."""
        settings: dict[str, Any] = _without_none(dataclasses.asdict(self))
        return settings

    def to_toml(self) -> str:
        """Return the configuration as TOML; `from_toml` gives it back."""
        import tomli_w

        return tomli_w.dumps(_every_text(storable, self.settings()))


def subject(config: TrainConfig) -> str:
    """Return what is trained on what, in few words: "simple on mnist"."""
    names = (config.recipe, Path(config.dataset).name)
    return " on ".join(map(printable, names))


PARTS: tuple[Any, ...] = (
    TrainConfig, NetworkConfig, Average, Penalty, Augment, Schedule, ImageOptions,
    *LAYERS, *OPTIMIZERS,
)  # fmt: skip
"""Everything that a configuration is made of."""


def from_toml(text: str, source: str = "the configuration") -> TrainConfig:
    """Read what `to_toml` wrote, or a person; ConfigError naming `source` for what is wrong."""
    return from_settings(parse_toml(text, source), source)


def parse_toml(text: str, source: str) -> dict[str, Any]:
    """Parse TOML; ConfigError naming `source` if it is none."""
    if any(line.count(".") > PARTED for line in text.splitlines()):
        raise ConfigError(f"{source} is not TOML: a key has more than {PARTED} parts")
    try:
        parsed = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # Also integers of too many digits.
        raise ConfigError(f"{source} is not TOML: {error}") from None
    # A null is written as an escape; without one, no name in it was stored with any.
    return dict(_every_text(restored, parsed)) if r"\u0000" in text else parsed


def from_settings(settings: Mapping[str, Any], source: str = "the configuration") -> TrainConfig:
    """Check nested values; ConfigError with everything that is wrong with them, in one line."""
    from pydantic import ValidationError

    try:
        text = json.dumps(_every_text(storable, _plain(settings, source)))
        return _with_names_restored(_adapter().validate_json(text, strict=True))
    except ValidationError as error:
        raise ConfigError(f"{source}: {in_words(error, PARTS)}") from None
    except ConfigError:
        raise
    except (ValueError, RecursionError) as error:  # Of JSON: a number too long, lists too deep.
        raise ConfigError(f"{source}: {error}") from None


@functools.cache
def _adapter() -> TypeAdapter[TrainConfig]:
    """Return what checks values; made late, for pydantic takes a while to import."""
    from pydantic import ConfigDict, TypeAdapter, with_config

    strict = with_config(ConfigDict(extra="forbid", allow_inf_nan=False))
    for part in PARTS:
        strict(part)
    return TypeAdapter(TrainConfig)


def _plain(value: object, source: str, place: str = "") -> object:
    """Return a value as JSON has it; ConfigError naming its place if JSON has no such value."""
    if value is None or isinstance(value, PLAIN):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(v, source, f"{place}.{key}") for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, source, f"{place}.{i}") for i, item in enumerate(value)]
    if isinstance(value, PARTS):
        return _plain(dataclasses.asdict(value), source, place)
    if (plain := number(value)) is not value:
        return _plain(plain, source, place)
    if isinstance(value, os.PathLike | datetime.date | datetime.time):
        return str(value)
    raise ConfigError(
        f"{source}: {place[1:]}: got {shown(value)}; expected a value that TOML can hold"
    )


def _with_names_restored(config: TrainConfig) -> TrainConfig:
    """Return the configuration with every name as the file system has it."""
    texts = {f.name: getattr(config, f.name) for f in dataclasses.fields(config)}
    stored = {name: text for name, text in texts.items() if isinstance(text, str) and "\0" in text}
    return dataclasses.replace(config, **_every_text(restored, stored)) if stored else config


def _every_text(change: Callable[[str], str], value: Any) -> Any:  # noqa: ANN401 - TOML nests.
    """Return nested values with every text changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _every_text(change, inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_every_text(change, inner) for inner in value]
    return value


def _without_none(value: Any) -> Any:  # noqa: ANN401 - TOML values nest freely.
    if isinstance(value, dict):
        return {key: _without_none(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_without_none(inner) for inner in value]
    return value
