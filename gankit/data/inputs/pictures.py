"""Split the items of a data set or a loader into chunks of pictures, with their labels."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.data.as_array import (
    MOST_CHANNELS,
    as_array,
    channels_last,
    is_array,
    is_channels_first,
    is_picture,
)
from gankit.data.class_names import listed
from gankit.data.formats.picture import opened_pixels
from gankit.data.image_options import ImageOptions
from gankit.data.inputs.levels import Levels
from gankit.data.inputs.recognise import IMAGE_KEYS, LABEL_KEYS, Items
from gankit.data.resized import converted
from gankit.errors import ConfigError, shown

CHUNK_BYTES = 2**24
"""Bytes of pictures that are converted together."""
MOST_PICTURES = 10**7
"""A source of more pictures is refused, because it may have no end."""


@dataclass
class Reading:
    """The results of reading pictures.

    Attributes
    ----------
    count
        Number of pictures.
    labels
        Their labels; fewer than `count` if some have none.
    batched
        Whether an item of three axes is a batch of grey pictures; None before the first.
    transposed
        Whether channels came first.
    levels
        How numbers become levels of 0 to 255.
    """

    count: int = 0
    labels: list[Any] = field(default_factory=list)
    batched: bool | None = None
    transposed: bool = False
    levels: Levels = field(default_factory=Levels)

    @classmethod
    def of(cls, items: Items) -> Reading:
        """Return the results before the first item."""
        is_array = items.array is not None
        return cls(batched=False if is_array else None, transposed=items.transposed)

    @property
    def own_labels(self) -> list[Any] | None:
        """The labels, if every picture has one."""
        return self.labels[: self.count] if 0 < self.count <= len(self.labels) else None

    @property
    def changes(self) -> list[str]:
        """What was changed, in words."""
        found = ["channels first, transposed" if self.transposed else "", self.levels.note]
        return [text for text in found if text]


def chunks(
    items: Items, options: ImageOptions, reading: Reading, limit: int | None = None
) -> Iterator[NDArray[np.uint8]]:
    """Yield the pictures in chunks, (n, H, W, C) uint8, and record the results in `reading`.

    Parameters
    ----------
    items
        The pictures.
    options
        Their size and channels; by default, unchanged.
    reading
        Gains the results.
    limit
        The most pictures to read; None, the default, for all.

    Raises
    ------
    ConfigError
        An item is no picture, pictures have different shapes, or there are too many or none.
    """
    shape: tuple[int, ...] | None = None
    for group in _grouped(islice(_pictures(items, reading), limit)):
        part = _levels(group, reading)
        if options.size or options.channels:
            part = [converted(one, options) for one in part]
        shape = shape or part[0].shape
        for number, picture in enumerate(part):
            if picture.shape != shape:
                raise ConfigError(_shape_message(reading.count + number, picture.shape, shape))
        reading.count += len(part)
        if reading.count > MOST_PICTURES:
            raise ConfigError(
                f"images: got more than {MOST_PICTURES:,} from {items.kind}; if it has no end, "
                "give itertools.islice(images, count)"
            )
        yield part if isinstance(part, np.ndarray) else np.stack(part)
    if not reading.count:
        raise ConfigError(f"images: got {items.kind} without images; expected one or more")


def _pictures(items: Items, reading: Reading) -> Iterator[NDArray[Any]]:
    """Yield each picture as (H, W, C) numbers, and record its label."""
    for number, item in enumerate(items.items):
        image, label = _pair(item, items.keys)
        found = _split(image, reading, number)
        if isinstance(found, list):
            reading.labels.extend(_labels(label))
            yield from found
        else:
            reading.labels.extend(_labels([label]))
            yield found


def _pair(item: Any, keys: tuple[str, str | None] | None) -> tuple[Any, Any]:  # noqa: ANN401
    """Return the image and the label of an item; None without a label."""
    if isinstance(item, Mapping):
        known = keys or (None, None)
        image = next((key for key in (known[0], *IMAGE_KEYS) if key in item), None)
        label = next((key for key in (known[1], *LABEL_KEYS) if key in item), None)
        if image is None:
            found = listed([str(key) for key in item])
            raise ConfigError(
                f"images: got items with {found}; expected one of {listed(IMAGE_KEYS)}"
            )
        return item[image], None if label is None else item[label]
    if not isinstance(item, tuple | list) or not item or _is_batch(item):
        return item, None
    if is_array(item[0]) or is_picture(item[0]) or _is_batch(item[0]):
        return item[0], item[1] if len(item) > 1 else None
    return item, None


def _is_batch(item: Any) -> bool:  # noqa: ANN401
    """Return whether an item is a list of pictures, not a pair of a picture and its label."""
    if not isinstance(item, list) or len(item) < 2:
        return False
    if is_picture(item[0]):
        return is_picture(item[1])
    one, other = (np.shape(part) if is_array(part) else () for part in item[:2])
    return one == other and len(one) in (2, 3)


def _split(image: Any, reading: Reading, number: int) -> NDArray[Any] | list[NDArray[Any]]:  # noqa: ANN401
    """Return a picture of (H, W, C), or a list of those of a batch."""
    if is_picture(image):
        return opened_pixels(image)
    if isinstance(image, list | tuple) and image and (is_picture(image[0]) or _is_batch(image)):
        return [np.asarray(_split(one, reading, number)) for one in image]
    found = as_array(image, "images") if is_array(image) else _array_of_lists(image)
    if found is None or found.ndim not in (2, 3, 4) or not found.size:
        shape = f" of shape {found.shape}" if found is not None else ""
        is_path = isinstance(image, str | os.PathLike)
        raise ConfigError(
            f"images: item {number} is {shown(image)}{'' if is_array(image) else shape}; expected "
            "a picture (height, width, channels), a batch, or a pair with its label"
            + ("; give the folder, or open it: PIL.Image.open(path)" if is_path else "")
        )
    if reading.batched is None:
        reading.batched = found.ndim == 3 and not _is_one(found.shape)
    if found.ndim == 2 or (found.ndim == 3 and reading.batched):
        found = found[..., np.newaxis]
    elif is_channels_first(found.shape):
        reading.transposed, found = True, channels_last(found)
    return found if found.ndim == 3 else list(found)


def _array_of_lists(image: object) -> NDArray[Any] | None:
    """Return nested lists of numbers as an array; None for anything else."""
    if not isinstance(image, list | tuple):
        return None
    try:
        found = np.asarray(image)
    except (ValueError, TypeError):
        return None
    return found if found.dtype.kind in "biuf" else None


def _is_one(shape: tuple[int, ...]) -> bool:
    """Return whether three axes are those of one picture, not of a batch of grey ones."""
    return shape[2] <= MOST_CHANNELS or is_channels_first(shape)


def _labels(labels: Any) -> list[Any]:  # noqa: ANN401
    """Return labels of pictures as a list; empty if they are no numbers, texts or vectors."""
    if labels is None or isinstance(labels, Mapping | str) or not isinstance(labels, Iterable):
        return []
    found = list(as_array(labels, "labels")) if is_array(labels) else list(labels)
    plain = [np.asarray(as_array(one, "labels")) if is_array(one) else one for one in found]
    usable = all(
        isinstance(one, str | int | float | bytes) or (isinstance(one, np.ndarray) and one.ndim < 2)
        for one in plain
    )
    return plain if usable else []


def _grouped(pictures: Iterator[NDArray[Any]]) -> Iterator[list[NDArray[Any]]]:
    """Yield lists of pictures of about `CHUNK_BYTES`, at least one picture each."""
    group, size = list[NDArray[Any]](), 0
    for picture in pictures:
        group.append(picture)
        size += picture.nbytes
        if size >= CHUNK_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _levels(
    group: list[NDArray[Any]], reading: Reading
) -> NDArray[np.uint8] | list[NDArray[np.uint8]]:
    """Return pictures as uint8; together if they have one shape, which is faster."""
    if len({(one.shape, one.dtype) for one in group}) == 1:
        return reading.levels(np.stack(group), reading.count)
    return [
        reading.levels(one[np.newaxis], reading.count + number)[0]
        for number, one in enumerate(group)
    ]


def _shape_message(number: int, found: tuple[int, ...], first: tuple[int, ...]) -> str:
    one, other = ("x".join(map(str, shape)) for shape in (first, found))
    differ = f"images: pictures differ: the first is {one}, number {number} is {other}"
    if first[:2] == found[:2]:
        return (
            f"{differ}; give them one number of channels, such as [one.convert('RGB') for one in "
            "pictures], or gankit.train(images={'channels': 3})"
        )
    return (
        f"{differ}; resize them to one size, such as [one.resize((64, 64)) for one in pictures], "
        "or gankit.train(images={'size': [64, 64]})"
    )
