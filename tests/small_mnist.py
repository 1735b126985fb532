"""A small replacement for MNIST: its four files, and an archive with their checksums."""

from __future__ import annotations

import hashlib

from gankit.data.formats import idx
from gankit.data.published.archive import Archive
from gankit.data.published.checksum import Checksum
from gankit.data.published.files import PublishedFile

NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
MEMBERS = ("x_train", "y_train", "x_test", "y_test")


def checksum(content, unconfirmed=""):
    """Return the published checksum of bytes."""
    return Checksum(hashlib.sha256(content).hexdigest(), unconfirmed)


def contents(images, labels, split):
    """Return the four files, IDX bytes by name, of images and labels split at `split`."""
    arrays = (images[:split], labels[:split], images[split:], labels[split:])
    return {name: idx.encode(array) for name, array in zip(NAMES, arrays, strict=True)}


def archive(contents, mirrors=()):
    """Return a small published data set like MNIST with its own checksums."""
    files = [
        PublishedFile(name, member, idx.decode(content, name).shape, checksum(content))
        for member, (name, content) in zip(MEMBERS, contents.items(), strict=True)
    ]
    splits = {"train": (files[0], files[1]), "test": (files[2], files[3])}
    return Archive("mnist", splits, mirrors, ("~/.keras/datasets", "data/MNIST/raw"))
