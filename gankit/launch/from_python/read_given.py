"""Read the images that were given to `gankit.train` or `gankit.fit`, and show the progress."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace

from gankit.callbacks.display import Screen
from gankit.callbacks.download_bar import FileProgress
from gankit.data import ImageOptions
from gankit.data.memory_data import MemoryData, memory_data
from gankit.errors import ConfigError
from gankit.launch.evaluation.sample_count import FEWEST
from gankit.launch.messages import silent

QUICK_SECONDS = 1.0
"""Reading that takes less time shows no bar."""


def read_given(
    images: object,
    labels: object = True,
    *,
    reals: bool = False,
    options: ImageOptions | None = None,
    progress: bool = True,
) -> MemoryData:
    """Return images and labels; arguments and errors are those of `memory_data`.

    With `progress`, a line says what was recognised, and a bar how many images are read.
    """
    began = time.monotonic()
    tell = Screen(plain=True).write if progress else silent
    with closing(FileProgress(unit=" images")) as bar:

        def count(done: int, total: int | None) -> None:
            if progress and time.monotonic() - began > QUICK_SECONDS:
                bar("reading images", done, total)

        return memory_data(images, labels, reals=reals, options=options, tell=tell, count=count)


def read_test_images(images: object, like: MemoryData) -> MemoryData:
    """Return held-out images; ConfigError if their shape differs, or they are too few."""
    data = read_given(images, reals=True, progress=False)
    if data.images.shape[1:] != like.images.shape[1:]:
        found, expected = ("x".join(map(str, one.images.shape[1:])) for one in (data, like))
        raise ConfigError(f"test_images: got images of {found}; expected {expected}, as in images")
    if len(data) < FEWEST:
        raise ConfigError(f"test_images: got {len(data)}; expected {FEWEST} or more")
    same = (data.classes, data.class_names) == (like.classes, like.class_names)
    return data if same else replace(data, labels=None, class_names=())


def read_for_fit(images: object, labels: object, *, progress: bool) -> MemoryData:
    """Return images and labels as `gankit.fit` takes them; ConfigError if labels are missing."""
    data = read_given(images, labels, reals=True, progress=progress)
    if labels is True and data.labels is None:
        raise ConfigError("labels: got True, but the images bring no labels; give them as an array")
    return data
