"""Kuzushiji-MNIST: ten characters of classical Japanese in MNIST's form.

Clanuwat et al., "Deep learning for classical Japanese literature", arXiv 1812.01718. The checksums
are those of the gzip files that TensorFlow Datasets publishes; gankit's authors did not confirm
them on the real files.
"""

from __future__ import annotations

from gankit.data.published.checksum import Checksum
from gankit.data.published.idx_archive import idx_archive

PUBLISHER = "TensorFlow Datasets"

ARCHIVE = idx_archive(
    "kmnist",
    sums=[
        (Checksum(sha256, unconfirmed=PUBLISHER), packed)
        for sha256, packed in (
            ("51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4", 18165135),
            ("e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17", 29497),
            ("edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5", 3041136),
            ("20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c", 5120),
        )
    ],
    mirrors=(
        "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
    ),
    others=("data/KMNIST/raw", "~/data/KMNIST/raw"),
    class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
)

DATASET = ARCHIVE.dataset("classical Japanese characters, 28x28, 60,000 images (Clanuwat 2018)")
