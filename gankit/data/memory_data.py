"""Images given from Python, in place of the name or the path of a data set."""

from __future__ import annotations

from dataclasses import dataclass

from gankit._text import counted
from gankit.data import array_checks
from gankit.data.dataset import ImageSet
from gankit.data.labels import as_labels, without_gaps
from gankit.errors import ConfigError

MEMORY = "memory"
"""What a run records as its data set if the images were given from Python."""

GIVEN = "images from Python"
"""What a title has in place of that name."""

ABSENT = (
    f"dataset {MEMORY!r} stands for images given from Python: give them again to gankit.train, as "
    "dataset=images, or save them in a .npy file and give its path as the data set"
)
"""The error of a command that needs these images."""


@dataclass(frozen=True, eq=False)
class MemoryData(ImageSet):
    """Images given from Python, checked.

    A run records its images as "memory", with their digest. Resuming takes the same images again.

    Attributes
    ----------
    images
        (N, H, W, C) uint8, 0 to 255; `gankit.fit` also takes real numbers in [-1, 1].
    labels
        (N,) int64, without gaps; None without classes.
    source
        Number and shape of the images.
    class_names
        Names of the classes from 0; empty if they have none.
    """

    def _check_images(self) -> None:
        """Accept real numbers too; `memory_data` has checked the images."""


def memory_data(images: object, labels: object = None, *, reals: bool = False) -> MemoryData:
    """Return images and labels that were given from Python, checked.

    Parameters
    ----------
    images
        `(N, height, width, channels)` or `(N, height, width)`: an array, or what NumPy makes an
        array of.
    labels
        In the forms of `gankit.fit`; None without classes. Classes without images are left out.
    reals
        Whether real numbers in [-1, 1] are accepted, in addition to uint8.

    Raises
    ------
    ConfigError
        The images or labels are of another form; the message contains the remedy.
    """
    given = array_checks.array(images)
    checked = array_checks.images(given, "images", ConfigError, reals=reals)
    height, width, channels = checked.shape[1:]
    count = counted(len(checked), "image")
    source = f"{count} of {height}x{width}x{channels}, given from Python"
    if labels is None:
        return MemoryData(checked, None, source)
    found, names = as_labels(array_checks.array(labels, "labels"), "labels", ConfigError)
    if len(found) != len(checked):
        expected = f"{len(checked)}, one for each image"
        raise ConfigError(f"labels: got {len(found)}; expected {expected}")
    numbers, names = without_gaps(found, names)
    return MemoryData(checked, numbers, source, names)
