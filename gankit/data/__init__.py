"""Data sets: uint8 images with labels, from published files, user files or generators."""

from gankit.data import glyphs
from gankit.data.dataset import Dataset, DownloadProgress, Fetch, FileCheck, ImageSet
from gankit.data.formats.idx_folder import idx_folder, write_idx_folder
from gankit.data.glyphs import coloured, turned
from gankit.data.image_options import ImageOptions, parse_size
from gankit.data.packed_file import pack
from gankit.data.published import cifar10, fashion_mnist, kmnist, mnist
from gankit.data.user_data import is_path, own

BUILTIN: tuple[Dataset, ...] = (
    mnist.DATASET,
    fashion_mnist.DATASET,
    kmnist.DATASET,
    cifar10.DATASET,
    glyphs.DATASET,
    coloured.DATASET,
    turned.DATASET,
)
"""The data sets that need no plugin."""

__all__ = [
    "BUILTIN",
    "Dataset",
    "DownloadProgress",
    "Fetch",
    "FileCheck",
    "ImageOptions",
    "ImageSet",
    "cifar10",
    "fashion_mnist",
    "glyphs",
    "idx_folder",
    "is_path",
    "kmnist",
    "mnist",
    "own",
    "pack",
    "parse_size",
    "write_idx_folder",
]
