"""Recognise data sets of other libraries by what they offer; nothing is imported."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit._utils.file_array import FileArray
from gankit.data import array_checks
from gankit.data.as_array import (
    as_array,
    channels_last,
    is_array,
    is_channels_first,
    is_picture,
)
from gankit.data.class_names import listed
from gankit.errors import ConfigError, shown


class ItemsByNumber(Protocol):
    """Gives items by number, as a `Dataset` of torch does."""

    def __getitem__(self, number: int, /) -> object:
        """Return an item."""


GivenImages: TypeAlias = NDArray[Any] | Iterable[object] | ItemsByNumber
"""Images that a user gives from Python."""
ACCEPTED = (
    "an array (N, height, width, channels), a list of pictures, a data set or a loader of torch, "
    "tf.data or Hugging Face, or a generator of pictures"
)
IMAGE_KEYS = ("image", "images", "img", "pixel_values", "x")
LABEL_KEYS = ("label", "labels", "class", "target", "y", "fine_label")
"""Names of the images and of their labels in a mapping, in order of preference."""


@dataclass(frozen=True)
class Items:
    """Pictures that are read one after the other.

    Attributes
    ----------
    kind
        What they were given as, for messages: "a torch DataLoader".
    items
        Each is a picture, a batch of pictures, a pair of either and its labels, or a mapping.
    count
        Number of items; None if unknown.
    labels
        Labels for all the pictures; None if the items have them, or have none.
    class_names
        Names of the classes from 0; empty if unknown.
    keys
        Names of the image and of the label in items that are mappings; None for the usual ones.
    transposed
        Whether the items are an array whose channels came first.
    """

    kind: str
    items: Iterable[Any]
    count: int | None = None
    labels: object = None
    class_names: tuple[str, ...] = ()
    keys: tuple[str, str | None] | None = None
    transposed: bool = False

    @property
    def array(self) -> NDArray[Any] | None:
        """The items, if they are one array, or a `FileArray`; else None."""
        return self.items if isinstance(self.items, np.ndarray | FileArray) else None


def recognise(given: Any) -> Items:  # noqa: ANN401 - anything.
    """Return the pictures of a data set, a loader, a list, an array or a generator.

    Raises
    ------
    ConfigError
        It is nothing of these, or an array with another number of labels; the message says what is
        accepted.
    """
    found = next((items for make in RECOGNISERS if (items := make(given))), None)
    if found is None:
        raise ConfigError(f"images: got {shown(given)}; expected {ACCEPTED}{_remedy(given)}")
    return found


def _array(given: Any) -> Items | None:  # noqa: ANN401
    """Recognise an array or a tensor of images."""
    if not is_array(given):
        return None
    found = as_array(given, "images")
    transposed = found.ndim == 4 and is_channels_first(found.shape)
    if transposed:
        found = channels_last(found if isinstance(found, np.ndarray) else np.asarray(found))
    shaped = array_checks.shaped_images(found, "images", ConfigError)
    return Items(_kind(given), shaped, len(shaped), transposed=transposed)


def _images_and_labels(given: Any) -> Items | None:  # noqa: ANN401
    """Recognise a tuple of images and their labels, such as `(x_train, y_train)`."""
    if not isinstance(given, tuple) or len(given) != 2 or not is_array(given[0]):
        return None
    images, labels = given
    shape = np.shape(labels)
    rows = len(shape) == 1 or (len(shape) == 2 and shape[0] == len(images))
    if len(np.shape(images)) < 3 or not rows:
        return None
    found = _array(images)
    if found and shape[0] != found.count:
        raise ConfigError(f"labels: got {shape[0]}; expected {found.count}, one for each image")
    return replace(found, labels=labels) if found else None


def _list(given: Any) -> Items | None:  # noqa: ANN401
    """Recognise a list or a tuple: of arrays of one shape, of pictures, or of pairs."""
    if not isinstance(given, list | tuple):
        return None
    pairs = any(isinstance(one, tuple) or is_picture(one) for one in given)
    if not pairs and (stacked := _stacked(given)) is not None:
        found = _array(stacked)
        return replace(found, kind=_kind(given)) if found else None
    return Items(_kind(given), given, len(given))


def _hugging_face(given: Any) -> Items | None:  # noqa: ANN401
    """Recognise a `datasets.Dataset`: the columns of images and of classes are found."""
    features = getattr(given, "features", None)
    if not isinstance(features, Mapping) or not hasattr(given, "column_names"):
        return None
    image = _column(features, IMAGE_KEYS, lambda feature: _name(feature) == "Image")
    label = _column(features, LABEL_KEYS, lambda feature: hasattr(feature, "names"))
    if image is None:
        raise ConfigError(f"images: no column of {_kind(given)} has images: {listed([*features])}")
    names = getattr(features[label], "names", ()) if label else ()
    return Items(_kind(given), given, _count(given), None, tuple(names), (image, label))


def _tensorflow(given: Any) -> Items | None:  # noqa: ANN401
    """Recognise a `tf.data.Dataset`, batched or not."""
    if not all(hasattr(given, name) for name in ("as_numpy_iterator", "element_spec")):
        return None
    count = int(given.cardinality()) if hasattr(given, "cardinality") else None
    if count == -1:
        raise ConfigError("images: got a data set without an end; give dataset.take(count)")
    names = tuple(getattr(given, "class_names", ()))  # Of image_dataset_from_directory.
    known = None if count is None or count < 0 else count
    return Items(_kind(given), given.as_numpy_iterator(), known, None, names)


def _loader(given: Any) -> Items | None:  # noqa: ANN401
    """Recognise a `DataLoader`; one that shuffles all of its data set is read in order."""
    if not all(hasattr(given, name) for name in ("__iter__", "dataset", "batch_size")):
        return None
    inner = recognise(given.dataset) if _shuffles(given) else None
    items = inner.items if inner else given
    return Items(_kind(given), items, _count(items), None, _class_names(given.dataset))


def _iterable(given: Any) -> Items | None:  # noqa: ANN401
    """Recognise a generator, or any other iterable."""
    if not hasattr(given, "__iter__") or isinstance(given, Mapping | str | bytes | type):
        return None
    if is_picture(given):
        return None
    return Items(_kind(given), given, _count(given), None, _class_names(given))


def _by_number(given: Any) -> Items | None:  # noqa: ANN401
    """Recognise a torch `Dataset` and the like: a length, and items by number."""
    if not all(hasattr(given, name) for name in ("__len__", "__getitem__")):
        return None
    if isinstance(given, Mapping | str | bytes | type):
        return None
    return Items(_kind(given), _InOrder(given), len(given), None, _class_names(given))


RECOGNISERS: tuple[Callable[[Any], Items | None], ...] = (
    _array, _images_and_labels, _list, _hugging_face, _tensorflow, _loader, _iterable, _by_number,
)  # fmt: skip
"""Each returns the pictures of what it recognises, or None; the first that does is used."""


def _stacked(given: Sequence[Any]) -> NDArray[Any] | None:
    """Return arrays of one shape, or nested lists of numbers, as one array; None for others."""
    arrays = [as_array(one, "images") if is_array(one) else one for one in given]
    try:
        found = np.asarray(arrays)
    except (ValueError, TypeError):
        return None
    return None if found.dtype.kind in "OUSV" else found


class _InOrder:
    """The items of a sequence without `__iter__`, by number."""

    def __init__(self, given: Any) -> None:  # noqa: ANN401
        self._given = given

    def __len__(self) -> int:
        return len(self._given)

    def __iter__(self) -> Iterator[Any]:
        return (self._given[number] for number in range(len(self._given)))


def _shuffles(loader: Any) -> bool:  # noqa: ANN401
    """Return whether a loader draws every item once, in random order, and only stacks them."""
    sampler, data = getattr(loader, "sampler", None), loader.dataset
    return (
        getattr(sampler, "replacement", True) is False
        and getattr(sampler, "data_source", None) is data
        and getattr(sampler, "num_samples", None) == _count(data)
        and getattr(getattr(loader, "collate_fn", None), "__name__", "") == "default_collate"
    )


def _column(
    features: Mapping[str, Any], keys: Sequence[str], is_one: Callable[[Any], bool]
) -> str | None:
    """Return the column of a kind, by the usual names first; else one with a usual name."""
    found = [name for name, feature in features.items() if is_one(feature)]
    ordered = [name for name in keys if name in found] + found
    ordered += [name for name in keys if name in features]
    return next(iter(ordered), None)


def _name(feature: object) -> str:
    return type(feature).__name__


def _class_names(given: object) -> tuple[str, ...]:
    """Return the names of classes that a data set offers, as those of torchvision do."""
    names = getattr(given, "classes", None) or getattr(
        getattr(given, "dataset", None), "classes", None
    )
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        return ()
    return tuple(names)


def _count(given: object) -> int | None:
    """Return the number of items; None if it is unknown."""
    try:
        return len(given)  # type: ignore[arg-type]
    except (TypeError, NotImplementedError):
        return None


def _kind(given: object) -> str:
    """Return what was given, for messages: "a torch DataLoader", "an iterator"."""
    kind = shown(given)
    return f"{'an' if kind[0].lower() in 'aeiou' else 'a'} {kind}"


def _remedy(given: object) -> str:
    if isinstance(given, str | os.PathLike):
        return "; give np.load(path), or gankit.train(dataset=path)"
    if is_picture(given):
        return "; give a list of pictures"
    if isinstance(given, Mapping):
        keys = listed([str(key) for key in given])
        return f"; give one of its values: {keys}" if keys else ""
    if callable(given) and not isinstance(given, type):
        return "; call it, and give what it returns"
    return ""
