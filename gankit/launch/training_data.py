"""Load the training images: a data set's name or a path becomes an `ImageSet`."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from gankit import plugins
from gankit._text import counted, one_line
from gankit._utils.paths import exists, given, is_folder
from gankit.config import AUTO, TrainConfig
from gankit.data import Dataset, ImageOptions, ImageSet, is_path, own
from gankit.data.class_names import listed
from gankit.data.labels import without_gaps
from gankit.data.memory_data import ABSENT, MEMORY
from gankit.data.resized import resized, with_channels
from gankit.data.user_data import own_options
from gankit.errors import ConfigError, DataError, UnknownName
from gankit.launch.messages import Tell, warn
from gankit.launch.source_images import with_absolute_sources, with_sources


@dataclass(frozen=True)
class TrainingData:
    """Training images, and the configuration that names them.

    Attributes
    ----------
    config
        With the data set's name or absolute path, and the number of classes if the networks are
        class-conditional.
    images
        The training images.
    notes
        Decisions to record in `environment.json`.
    """

    config: TrainConfig
    images: ImageSet
    notes: dict[str, str]


def training_data(
    config: TrainConfig,
    data_dir: Path | None,
    tell: Tell,
    loaded: dict[str, ImageSet] | None = None,
) -> TrainingData:
    """Load the data set `config.dataset`.

    Parameters
    ----------
    config
        The run's configuration.
    data_dir
        Folder of data sets that the user gave.
    tell
        Called with a line for what was done.
    loaded
        Named data sets that are loaded already, and images given from Python as "memory"; the
        run's is taken out.

    Raises
    ------
    UnknownName, DataError, ConfigError
        The name is unknown, the images cannot be loaded, or they do not fit.
    """
    if is_path(config.dataset):
        found = _load_own(config, tell)
    else:
        _check_options_of_named(config)
        found = _resized(_load_named(config, data_dir, loaded or {}), tell)
    notes = found.notes | {"data": found.images.source}
    images = _without_gaps(found.config, found.images, tell)
    images = with_sources(images, found.config, data_dir, tell)
    located = with_absolute_sources(_with_classes(found.config, images))
    return TrainingData(located, images, notes)


def _load_own(config: TrainConfig, tell: Tell) -> TrainingData:
    """Read a user's own images; record their absolute path, so that the run can be resumed."""
    path = given(config.dataset, "dataset").resolve()
    options = own_options(path, config.images, config.image_shape)
    images = own(path, options)
    height, width, channels = images.images.shape[1:]
    kind = {1: "grey", 3: "colour"}.get(channels, counted(channels, "channel"))
    how = f", fit {options.fit}" if path.is_dir() else ""
    tell(f"{images.source}: {counted(len(images), 'image')}, {height}x{width}, {kind}{how}")
    return TrainingData(dataclasses.replace(config, dataset=str(path)), images, {})


def _check_options_of_named(config: TrainConfig) -> None:
    """Raise ConfigError for options that only apply to a user's own images and arrays."""
    options = config.images or ImageOptions()
    if dataclasses.replace(options, size=None, channels=None, fit="crop") != ImageOptions():
        raise ConfigError(
            "skip_bad and the keys of arrays apply only to your own images and arrays; "
            f"{config.dataset!r} is the name of a data set"
        )


def _resized(found: TrainingData, tell: Tell) -> TrainingData:
    """Change size and channels of the images of a named data set, if requested."""
    options = found.config.images or ImageOptions()
    images = found.images
    if options.size is not None:
        images = resized(images, options.size, options.fit)
    if options.channels is not None:
        images = with_channels(images, options.channels)
    if images is not found.images:
        tell(images.source)
    return dataclasses.replace(found, images=images)


def _load_named(
    config: TrainConfig, data_dir: Path | None, loaded: dict[str, ImageSet]
) -> TrainingData:
    """Load a data set; only MNIST by "auto" may be replaced by another one."""
    name, notes = config.dataset, {}
    if name == AUTO:
        name = "mnist"
        try:
            images = plugins.get_dataset(name).load(data_dir)
        except DataError as error:
            command = "gankit data fetch mnist"
            command += f" --data-dir {data_dir}" if data_dir else ""
            warn(
                "training on glyphs, drawn digits, INSTEAD OF MNIST, which could not be read or "
                f"downloaded; '{command}' says why"
            )
            why = "; ".join([one_line(error), *getattr(error, "__notes__", ())])
            name, notes = "glyphs", {"instead_of_mnist": why}
            images = plugins.get_dataset(name).load(data_dir)
    elif name in loaded:
        images = loaded.pop(name)
    elif name == MEMORY:
        raise DataError(ABSENT)
    else:
        dataset = _dataset_named(name)
        name = dataset.name
        images = loaded.pop(name) if name in loaded else dataset.load(data_dir)
    return TrainingData(dataclasses.replace(config, dataset=name), images, notes)


def _dataset_named(name: str) -> Dataset:
    """Return a data set by name; raise UnknownName, with a hint if a path has that name."""
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
    """Remove classes without images, unless the configuration counts them."""
    if data.labels is None:
        return data
    labels, names = without_gaps(data.labels, data.class_names)
    if labels is data.labels:
        return data
    if config.conditional and config.classes and config.classes > len(names):
        warn(
            f"classes: got {config.classes}, but only {len(names)} have images ({listed(names)}); "
            "without this setting the others are removed"
        )
        return data
    missing = [name for name in data.class_names if name not in names]
    which = f" ({listed(missing)})" if missing else ""
    tell(
        f"removed {counted(data.classes - len(names), 'class', 'classes')} without images{which}; "
        f"remaining: {listed(names)}"
    )
    return dataclasses.replace(data, labels=labels, class_names=names)


def _with_classes(config: TrainConfig, images: ImageSet) -> TrainConfig:
    """Take the number of classes from the data, if networks need it and it is not set."""
    if not config.conditional:
        return config
    if images.labels is None:
        raise DataError(
            f"recipe {config.recipe!r} needs labelled images; {config.dataset} has no labels: "
            f"{images.source}"
        )
    if images.conditions:
        return _with_conditions(config, images)
    if config.conditions:
        raise ConfigError(
            f"conditions: got {len(config.conditions)}, but the labels of {config.dataset} are "
            "classes; leave them out, or give labels that are vectors"
        )
    classes = config.classes or images.classes
    if images.classes > classes:
        raise ConfigError(
            f"classes: got {classes}; expected at least {images.classes}, those of {config.dataset}"
        )
    return dataclasses.replace(config, classes=classes)


def _with_conditions(config: TrainConfig, images: ImageSet) -> TrainConfig:
    """Take the conditions from labels that are vectors, unless they are stated."""
    found = images.conditions
    stated = config.conditions or found
    if config.classes or len(stated) != len(found):
        what = "classes" if config.classes else "conditions"
        raise ConfigError(
            f"{what}: got {config.classes or len(stated)}, but the labels of {config.dataset} are "
            f"vectors of {counted(len(found), 'column')}; leave this setting out"
        )
    return dataclasses.replace(config, conditions=stated)
