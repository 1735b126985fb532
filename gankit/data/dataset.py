"""The data set types: images with labels, and named data sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gankit._text import counted
from gankit.conditions import Condition, conditions_of
from gankit.data import digests
from gankit.errors import DataError, GankitError, PluginError, described, place_of, shown

DownloadProgress = Callable[[str, int, int | None], None]
"""Called with a file's name, the bytes received so far, and its size in bytes, or None."""


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Stored images, with labels and origin.

    Attributes
    ----------
    images
        (N, H, W, C) uint8, 0 to 255. Images in a large file are a
        `gankit._utils.file_array.FileArray`, which is indexed like an array.
    labels
        (N,) int64, each at least 0, or -1 for an image without a label; or (N, d) float64, real
        numbers or attributes of 0 and 1; None if the images have none.
    source
        One line that describes the origin of the images.
    class_names
        Names of the classes from 0, or of the columns of labels; empty if unknown.
    sources
        Other images for networks that take some, (M, H', W', C') uint8; None if there are none.
    derived
        What the sources are, if they are computed from the images: "edges", for example; else
        empty.
    paired
        Whether source i is that of image i.

    Raises
    ------
    DataError
        If shapes, dtypes or counts differ from the above.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64] | NDArray[np.float64] | None
    source: str
    class_names: tuple[str, ...] = ()
    sources: NDArray[np.uint8] | None = None
    derived: str = ""
    paired: bool = False

    def __post_init__(self) -> None:
        self._check_images()
        if self.labels is None:
            if self.class_names:
                classes = counted(len(self.class_names), "class", "classes")
                raise DataError(f"{self.source}: has {classes} but no labels")
            return
        self._check_labels(self.labels)

    def _check_images(self) -> None:
        # Do not read the images here: they may be larger than the memory.
        expected = "uint8 of shape (N, H, W, C)"
        self._check_array("images", self.images, expected)
        if self.images.dtype != np.uint8 or self.images.ndim != 4:
            found = f"{self.images.dtype} {self.images.shape}"
            raise DataError(f"{self.source}: got images of {found}; expected {expected}")

    def _check_array(self, name: str, given: object, expected: str) -> None:
        if not (hasattr(given, "dtype") and hasattr(given, "ndim")):
            found = f"got {shown(given)} as {name}"
            raise DataError(f"{self.source}: {found}; expected an array, {expected}")

    def _check_labels(self, labels: NDArray[Any]) -> None:
        wanted = "int64 of shape (N,), or float64 of shape (N, d)"
        self._check_array("labels", labels, wanted)
        if labels.dtype != (np.float64 if labels.ndim == 2 else np.int64) or labels.ndim > 2:
            found = f"{labels.dtype} {labels.shape}"
            raise DataError(f"{self.source}: got labels of {found}; expected {wanted}")
        if len(labels) != len(self.images):
            found = counted(len(labels), "label")
            expected = f"{len(self.images)}, one for each image"
            raise DataError(f"{self.source}: got {found}; expected {expected}")
        if labels.ndim == 2:
            self._check_columns(labels)
            return
        if (labels < -1).any():
            raise DataError(
                f"{self.source}: got label {labels.min()}; expected at least 0, or -1 for none"
            )
        if self.class_names and labels.max(initial=0) >= len(self.class_names):
            names = counted(len(self.class_names), "class name")
            raise DataError(f"{self.source}: got label {labels.max()}, but only {names}")

    def _check_columns(self, labels: NDArray[Any]) -> None:
        if not labels.shape[1] or not np.isfinite(labels).all():
            expected = "one or more columns of finite numbers"
            raise DataError(f"{self.source}: got labels of {labels.shape}; expected {expected}")
        if self.class_names and len(self.class_names) != labels.shape[1]:
            names = counted(len(self.class_names), "name")
            raise DataError(f"{self.source}: got {labels.shape[1]} columns of labels, but {names}")

    def __len__(self) -> int:
        return len(self.images)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of shape, labels and every image, and of sources that are not computed.

        Equal images have equal digests, whether they come from a folder, an array or a file.
        """
        own = digests.digest(self.images, self.labels)
        if self.sources is None or self.derived:
            return own
        return digests.joined(own, digests.digest(self.sources, None))

    @property
    def classes(self) -> int:
        """Number of classes: of the names, else the highest label plus 1; 0 without classes."""
        if self.labels is None or self.labels.ndim == 2:
            return 0
        return len(self.class_names) or int(self.labels.max(initial=-1)) + 1

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The columns of labels that are vectors, with their ranges; empty without such labels."""
        if self.labels is None or self.labels.ndim == 1:
            return ()
        return conditions_of(self.labels, self.class_names)


@dataclass(frozen=True)
class FileCheck:
    """One row of `gankit data verify`: a file, its path, and whether its content is correct.

    Attributes
    ----------
    file
        The file's name in the data set.
    place
        The path that was checked; empty if the file was not found.
    ok
        Whether the content is the published one.
    reason
        The fault; empty if there is none.
    """

    file: str
    place: str
    ok: bool
    reason: str = ""


class Fetch(Protocol):
    """A function that downloads the missing files of a data set, and verifies all of them."""

    def __call__(
        self, data_dir: Path | None, /, *, progress: DownloadProgress | None = None
    ) -> list[Path]:
        """Return the path of every file; DataError if one is not available."""
        ...


@dataclass(frozen=True)
class CheckedLoad:
    """A function that loads a data set's images, whose result is checked.

    Attributes
    ----------
    dataset
        The data set's name.
    role
        "load" or "test".
    function
        The data set's own function.
    """

    dataset: str
    role: str
    function: Callable[[Path | None], ImageSet]

    def __call__(self, data_dir: Path | None, /) -> ImageSet:
        """Return one image or more; raise PluginError for an error or another result."""
        subject = f"{self.role} of dataset {self.dataset!r}"
        try:
            made = self.function(data_dir)
        except (GankitError, MemoryError):
            raise
        except Exception as error:
            raise PluginError(f"{subject} failed: {described(error)}{place_of(error)}") from error
        if not isinstance(made, ImageSet):
            raise PluginError(f"{subject}: got {shown(made)}; expected a gankit.data.ImageSet")
        if 0 in made.images.shape:
            raise PluginError(
                f"{subject}: got images of shape {tuple(made.images.shape)}; expected one image or "
                "more, with no side of 0"
            )
        return made


@dataclass(frozen=True)
class Dataset:
    """A named data set; plugins return theirs in the same form.

    Attributes
    ----------
    name
        Its name for `--dataset`.
    summary
        One line for `gankit data list`.
    load
        Takes the user's data directory, or None, and returns the training images; PluginError if it
        fails, or returns anything else.
    fetch
        Downloads missing files, called as `fetch(data_dir, progress=...)`; None if there is nothing
        to download.
    verify
        Checks every copy of every file, one row each; None if there are no files.
    test
        Like `load`, for the held-out test images; None if there are none.
    shape
        `(height, width, channels)` of the images; None, the default, if loading them shows it.
    hub_id
        Its name on the Hugging Face hub, such as "ylecun/mnist", for model cards; empty if its
        authors or the hub keep none there.
    """

    name: str
    summary: str
    load: Callable[[Path | None], ImageSet]
    fetch: Fetch | None = None
    verify: Callable[[Path | None], list[FileCheck]] | None = None
    test: Callable[[Path | None], ImageSet] | None = None
    shape: tuple[int, int, int] | None = None
    hub_id: str = ""

    def __post_init__(self) -> None:
        """Name the data set in the errors of what loads its images."""
        for role in ("load", "test"):
            function = getattr(self, role)
            if callable(function):
                checked = CheckedLoad(self.name, role, bare(function))
                object.__setattr__(self, role, checked)


def bare(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the data set's own function of one that is checked."""
    return function.function if isinstance(function, CheckedLoad) else function
