"""Fashion-MNIST: articles of clothing in MNIST's form.

Xiao, Rasul & Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
algorithms", arXiv 1708.07747. The authors publish MD5 sums of the gzip files. These are the SHA-256
that TensorFlow Datasets publishes; gankit's authors did not confirm them on the real files.
"""

from __future__ import annotations

from gankit.data.published.checksum import Checksum
from gankit.data.published.idx_archive import idx_archive

CLASS_NAMES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)

PUBLISHER = "TensorFlow Datasets"

ARCHIVE = idx_archive(
    "fashion-mnist",
    sums=[
        (Checksum(sha256, unconfirmed=PUBLISHER), packed)
        for sha256, packed in (
            ("3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84", 26421880),
            ("a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845", 29515),
            ("346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073", 4422102),
            ("67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5", 5148),
        )
    ],
    mirrors=(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        # The authors' host; it is last because it has no https.
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    others=("~/.keras/datasets/fashion-mnist", "data/FashionMNIST/raw", "~/data/FashionMNIST/raw"),
    class_names=CLASS_NAMES,
)

DATASET = ARCHIVE.dataset(
    "articles of clothing, 28x28, 60,000 images (Xiao et al. 2017)",
    hub_id="zalando-datasets/fashion_mnist",
)
