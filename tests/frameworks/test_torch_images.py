"""Images in tensors, data sets and loaders of torch."""

import numpy as np
import pytest

import gankit
from gankit.data import pack
from gankit.data.memory_data import memory_data
from gankit.layers import Dense, Flatten, Reshape, Tanh
from tests.selection import selected

if not selected("torch"):
    pytest.skip("torch is not among the backends under test", allow_module_level=True)

import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 10, 12, 3), np.uint8)
LABELS = np.arange(40) % 4
FIRST = torch.tensor(IMAGES).permute(0, 3, 1, 2)
CLASSES = torch.tensor(LABELS)
PLAIN, LABELLED = memory_data(IMAGES).digest, memory_data(IMAGES, LABELS).digest


class Floats(Dataset):
    """Images as torchvision's ToTensor makes them, with names of classes."""

    classes = ("ant", "bee", "cat", "dog")

    def __len__(self):
        return 40

    def __getitem__(self, number):
        return FIRST[number].float() / 255, int(LABELS[number])


class Stream(IterableDataset):
    def __iter__(self):
        return iter(IMAGES)


@pytest.mark.parametrize(
    "given",
    [
        FIRST, FIRST.float().requires_grad_(), FIRST.bfloat16(), list(FIRST),
        TensorDataset(FIRST), Stream(), DataLoader(Stream(), batch_size=7),
        DataLoader(TensorDataset(FIRST), batch_size=None),
    ],
    ids=lambda given: type(given).__name__,
)  # fmt: skip
def test_images_of_torch_have_the_digest_of_the_array(given):
    assert memory_data(given).digest == PLAIN


@pytest.mark.parametrize(
    "given",
    [
        (FIRST, CLASSES), TensorDataset(FIRST, CLASSES), Floats(), Subset(Floats(), range(40)),
        DataLoader(TensorDataset(FIRST, CLASSES), batch_size=7),
        DataLoader(Floats(), batch_size=7, shuffle=True),
    ],
    ids=lambda given: type(given).__name__,
)  # fmt: skip
def test_labels_of_torch_are_found(given):
    assert memory_data(given).digest == LABELLED


def test_names_of_classes_are_found_in_a_loader_of_a_subset():
    loader = DataLoader(Subset(Floats(), range(40)), batch_size=7)
    assert memory_data(loader).class_names == Floats.classes


def test_a_shuffling_loader_is_packed_in_order(tmp_path):
    loader = DataLoader(Floats(), batch_size=7, shuffle=True)
    packed = pack(loader, tmp_path / "packed.npy")
    assert np.array_equal(packed.images, IMAGES)
    assert packed.class_names == Floats.classes


def test_fit_on_tensors_has_the_numbers_of_the_array():
    def fit(images, **words):
        generator, discriminator = [Dense(360), Tanh(), Reshape((10, 12, 3))], [Flatten(), Dense(1)]
        words = {"steps": 2, "latent": 4, "batch": 8, "backend": "numpy", **words}
        return gankit.fit(images, generator, discriminator, progress=False, **words).sample(2)

    assert np.array_equal(fit(FIRST), fit(IMAGES))
    assert np.array_equal(fit(DataLoader(Floats(), shuffle=True)), fit(IMAGES))
