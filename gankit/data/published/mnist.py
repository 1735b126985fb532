"""MNIST: handwritten digits, 28x28, 60,000 for training and 10,000 for testing.

LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document recognition",
Proceedings of the IEEE 1998.
"""

from __future__ import annotations

from pathlib import Path

from gankit.data.dataset import DownloadProgress, ImageSet
from gankit.data.published.checksum import Checksum
from gankit.data.published.idx_archive import idx_archive
from gankit.data.published.mirrors import Mirrors

SUMS = (
    Checksum("ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    Checksum("65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    Checksum("0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    Checksum("ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
)
"""Checksums of the unpacked files, confirmed on the real files."""

ARCHIVE = idx_archive(
    "mnist",
    sums=[(checksum, None) for checksum in SUMS],
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    ),
    others=("~/.keras/datasets", "data/MNIST/raw", "~/data/MNIST/raw"),
)


def read(
    split: str = "train",
    data_dir: Path | None = None,
    *,
    mirrors: tuple[str, ...] = ARCHIVE.mirrors,
    progress: DownloadProgress | None = None,
) -> ImageSet:
    """Return MNIST's images and labels, found on this machine or downloaded.

    Parameters
    ----------
    split
        "train" or "test".
    data_dir
        The folder to search first, or the parent of a folder `mnist`; None for `GANKIT_DATA`.
    mirrors
        Addresses for missing files: folders, which end in a slash, or npz files.
    progress
        Called as bytes arrive.

    Returns
    -------
    ImageSet
        (60000, 28, 28, 1) or (10000, 28, 28, 1) images, white on black, with labels 0 to 9.

    Raises
    ------
    UnknownName
        If there is no such split.
    DataError
        If a file is neither found nor downloaded; notes name every folder and mirror.
    StorageError
        If a download cannot be stored.
    """
    return ARCHIVE.read(split, data_dir, Mirrors(mirrors, progress=progress))


DATASET = ARCHIVE.dataset(
    "handwritten digits, 28x28, 60,000 images (LeCun et al. 1998)", hub_id="ylecun/mnist"
)
