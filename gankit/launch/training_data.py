"""Which images a run trains on: a data set's name or a path becomes an `ImageSet`."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from gankit import plugins
from gankit._utils.paths import exists, given, is_folder
from gankit.config import AUTO, TrainConfig
from gankit.data import Dataset, ImageOptions, ImageSet, is_path, own
from gankit.data.class_names import listed
from gankit.data.image_options import Channels
from gankit.data.labels import without_gaps
from gankit.data.resized import resized
from gankit.errors import ConfigError, DataError, UnknownName
from gankit.launch.messages import Tell, warn


@dataclass(frozen=True)
class TrainingData:
    """Images, and the configuration that names them.

    Attributes
    ----------
    config
        With a data set's name, or the whole path, and with the number of classes where networks
        look at them.
    images
        What to train on.
    notes
        What was decided on the way, for `environment.json`.
    """

    config: TrainConfig
    images: ImageSet
    notes: dict[str, str]


def training_data(config: TrainConfig, data_dir: Path | None, tell: Tell) -> TrainingData:
    """Load what `config.dataset` names.

    Raises
    ------
    UnknownName, DataError, ConfigError
        Nothing answers to the name, the images cannot be had, or they do not fit.
    """
    if is_path(config.dataset):
        found = _own(config, tell)
    else:
        _check_of_named(config)
        found = _sized(_named(config, data_dir), tell)
    notes = found.notes | {"data": found.images.source}
    images = _without_gaps(found.config, found.images, tell)
    return TrainingData(_with_classes(found.config, images), images, notes)


def _own(config: TrainConfig, tell: Tell) -> TrainingData:
    """Read a user's own images, at a path that means the same wherever the run is resumed."""
    path = given(config.dataset, "dataset").resolve()
    options = _fitted(config)
    images = own(path, options)
    height, width, channels = images.images.shape[1:]
    kind = {1: "grey", 3: "colour"}.get(channels, f"{channels} channels")
    how = f", fit {options.fit}" if path.is_dir() else ""
    tell(f"{images.source}: {len(images):,} images, {height}x{width}, {kind}{how}")
    return TrainingData(dataclasses.replace(config, dataset=str(path)), images, {})


def _fitted(config: TrainConfig) -> ImageOptions:
    """Return how pictures are brought to one shape: where nothing is said, the generator's."""
    options = config.images or ImageOptions()
    height, width, channels = config.image_shape
    kinds: dict[int, Channels] = {1: 1, 3: 3}
    return dataclasses.replace(
        options,
        size=options.size or (height, width),
        channels=options.channels or kinds.get(channels),
    )


def _check_of_named(config: TrainConfig) -> None:
    """Refuse what makes sense for a person's own pictures and arrays alone."""
    options = config.images or ImageOptions()
    if dataclasses.replace(options, size=None, fit="crop") != ImageOptions():
        raise ConfigError(
            "channels, skip_bad and the keys of arrays are for your own pictures and arrays; "
            f"{config.dataset!r} is the name of a data set"
        )


def _sized(found: TrainingData, tell: Tell) -> TrainingData:
    """Bring the images of a named data set to the size that is asked for, if one is."""
    options = found.config.images
    if options is None or options.size is None:
        return found
    images = resized(found.images, options.size, options.fit)
    if images is not found.images:
        tell(images.source)
    return dataclasses.replace(found, images=images)


def _named(config: TrainConfig, data_dir: Path | None) -> TrainingData:
    """Load a data set; MNIST alone, and only if nobody asked for it by name, may be replaced."""
    name, notes = config.dataset, {}
    if name == AUTO:
        name = "mnist"
        try:
            images = plugins.get_dataset(name).load(data_dir)
        except DataError as error:
            warn(f"training on glyphs, drawn digits, INSTEAD OF MNIST: {error}")
            name, notes = "glyphs", {"instead_of_mnist": str(error)}
            images = plugins.get_dataset(name).load(data_dir)
    else:
        dataset = _dataset(name)
        name, images = dataset.name, dataset.load(data_dir)
    return TrainingData(dataclasses.replace(config, dataset=name), images, notes)


def _dataset(name: str) -> Dataset:
    """Return the data set of that name; UnknownName, with a hint if a path of that name is here."""
    try:
        return plugins.get_dataset(name)
    except UnknownName:
        for path in (name, f"{name}.npz", f"{name}.npy"):
            if exists(path):
                kind = "folder" if is_folder(path) else "file"
                hint = f" (did you mean the {kind} ./{path}?)"
                raise UnknownName("dataset", name, plugins.datasets(), hint) from None
        raise


def _without_gaps(config: TrainConfig, data: ImageSet, tell: Tell) -> ImageSet:
    """Leave out classes without images, unless the configuration counts them."""
    if data.labels is None:
        return data
    labels, names = without_gaps(data.labels, data.class_names)
    if labels is data.labels:
        return data
    if config.conditional and config.classes and config.classes > len(names):
        warn(
            f"classes is {config.classes}, but only {len(names)} have images ({listed(names)}); "
            "without that setting the others are left out"
        )
        return data
    missing = [name for name in data.class_names if name not in names]
    which = f" ({listed(missing)})" if missing else ""
    tell(
        f"{data.classes - len(names):,} classes without images are left out{which}; "
        f"those that have some: {listed(names)}"
    )
    return dataclasses.replace(data, labels=labels, class_names=names)


def _with_classes(config: TrainConfig, images: ImageSet) -> TrainConfig:
    """Take the number of classes from the data, where networks look at them and none is given."""
    if not config.conditional:
        return config
    if images.labels is None:
        raise DataError(
            f"recipe {config.recipe!r} needs labelled images; {config.dataset} has no labels: "
            f"{images.source}"
        )
    classes = config.classes or images.classes
    if images.classes > classes:
        raise ConfigError(f"classes is {classes}; {config.dataset} has {images.classes}")
    return dataclasses.replace(config, classes=classes)
