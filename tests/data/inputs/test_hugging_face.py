"""Images in data sets of Hugging Face; test_recognise.py has a class with the same methods."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from gankit.data.memory_data import memory_data
from gankit.errors import ConfigError

datasets = pytest.importorskip("datasets")

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 10, 12, 3), np.uint8)
LABELS = np.arange(40) % 4
NAMES = ["ant", "bee", "cat", "dog"]


@pytest.fixture
def dataset(monkeypatch):
    # Their fingerprints pickle pyarrow, which some versions of dill refuse.
    monkeypatch.setattr(datasets.arrow_dataset, "generate_fingerprint", lambda _: "0" * 16)
    features = {"drawing": datasets.Image(), "kind": datasets.ClassLabel(names=NAMES)}
    pictures = [Image.fromarray(pixels) for pixels in IMAGES]
    columns = {"drawing": pictures, "kind": LABELS.tolist()}
    return datasets.Dataset.from_dict(columns, features=datasets.Features(features))


def test_columns_and_names_are_found(dataset):
    for given in (dataset, dataset.to_iterable_dataset(), dataset.with_format("numpy")):
        data = memory_data(given)
        assert data.digest == memory_data(IMAGES, LABELS).digest
        assert data.class_names == tuple(NAMES)


def test_a_column_is_a_list_of_pictures(dataset):
    assert memory_data(dataset["drawing"]).digest == memory_data(IMAGES).digest


def test_a_part_has_to_be_chosen(dataset):
    with pytest.raises(ConfigError, match="give one of its values: train"):
        memory_data(datasets.DatasetDict({"train": dataset}))
