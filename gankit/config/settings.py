"""The types of the settings that `gankit.train` takes by keyword, for type checkers."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypedDict

from gankit.augment import Augment
from gankit.codes import Code
from gankit.conditions import Condition
from gankit.config.train_config import NetworkConfig
from gankit.contract import Backend, Precision, SourceKind
from gankit.data import Dataset, ImageOptions
from gankit.data.inputs.recognise import GivenImages
from gankit.layers import Layer
from gankit.losses import Loss
from gankit.optimizers import Average
from gankit.passes import FurtherNetwork
from gankit.penalties import Penalty
from gankit.schedules import Schedule
from gankit.terms import Term

Table: TypeAlias = Mapping[str, object]
"""A part of a configuration as TOML has it, such as `{"layer": "dense", "units": 64}`."""
Network: TypeAlias = NetworkConfig | Layer | Sequence[Layer | Table] | Table


class Settings(TypedDict, total=False):
    """The fields of `TrainConfig`, which explains them; objects may stand for tables and names.

    `family` and `width` take the place of the networks' layers, as in a recipe.

    `recipe` is not among them: `gankit.train` takes it as its first argument.
    """

    generator: Network
    discriminator: Network
    family: str
    width: int
    latent: int
    loss: str | Loss
    loss_options: Mapping[str, float]
    batch: int
    epochs: int | None
    n_critic: int
    fresh_noise: bool
    average: Average | Table | None
    source: SourceKind | None
    source_images: str | None
    source_shape: Sequence[int] | None
    codes: Code | Sequence[Code | Table]
    terms: Term | Sequence[Term | Table]
    penalties: Penalty | str | Sequence[Penalty | str | Table]
    networks: Mapping[str, FurtherNetwork | Table]
    passes: Mapping[str, str]
    label_smoothing: float
    swapped: bool
    lecam: float
    conditions: Condition | Sequence[Condition | Table]
    labelled: int | None
    labelled_share: float | None
    augment: Augment | Table | None
    instance_noise: float | Schedule | Table
    flip: bool
    freeze: str | Sequence[str]
    auxiliary: float
    classes: int | None
    images: ImageOptions | Table | None
    precision: Precision
    mixed: bool
    steps_per_epoch: int | None
    steps: int | None
    minutes: float | None
    seed: int
    summary: str
    backend: str | Backend
    dataset: str | os.PathLike[str] | Dataset | GivenImages
    device: str
    sample_every: int
    checkpoint_every: int | None
    keep_checkpoints: int
    evaluate_every: int | None
    evaluate_samples: int
    patience: int | None
    plugins: Mapping[str, Table]
