"""Data sets: uint8 images with labels, and where their bytes come from."""

from gankit.data import glyphs, mnist
from gankit.data.dataset import Dataset, Fetch, FileCheck, ImageSet, Progress
from gankit.data.idx_folder import idx_folder, write_idx_folder

BUILTIN: tuple[Dataset, ...] = (mnist.DATASET, glyphs.DATASET)
"""The data sets that need no plugin."""

__all__ = [
    "BUILTIN",
    "Dataset",
    "Fetch",
    "FileCheck",
    "ImageSet",
    "Progress",
    "glyphs",
    "idx_folder",
    "mnist",
    "write_idx_folder",
]
