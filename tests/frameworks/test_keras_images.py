"""Images in tensors and data sets of TensorFlow, Keras and JAX."""

import numpy as np
import pytest

from gankit.data.memory_data import memory_data
from gankit.errors import ConfigError
from tests.selection import selected

if not selected("keras"):
    pytest.skip("keras is not among the backends under test", allow_module_level=True)

import keras

tf = pytest.importorskip("tensorflow")

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 10, 12, 3), np.uint8)
LABELS = np.arange(40) % 4
PLAIN, LABELLED = memory_data(IMAGES).digest, memory_data(IMAGES, LABELS).digest
SLICES = tf.data.Dataset.from_tensor_slices


class Sequence(keras.utils.PyDataset):
    def __len__(self):
        return 5

    def __getitem__(self, number):
        part = slice(8 * number, 8 * number + 8)
        return IMAGES[part], LABELS[part]


@pytest.mark.parametrize(
    "given",
    [tf.constant(IMAGES), SLICES(IMAGES), SLICES(IMAGES / 255).batch(7)],
    ids=["tensor", "slices", "batches of real numbers"],
)
def test_images_of_tensorflow_have_the_digest_of_the_array(given):
    assert memory_data(given).digest == PLAIN


@pytest.mark.parametrize(
    "given",
    [
        SLICES((IMAGES, LABELS)),
        SLICES((IMAGES, LABELS)).batch(7),
        SLICES({"image": IMAGES, "label": LABELS}).batch(7),
        Sequence(),
    ],
    ids=["slices", "batches", "mappings", "PyDataset"],
)
def test_labels_of_tensorflow_are_found(given):
    assert memory_data(given).digest == LABELLED


def test_grey_batches_without_channels_are_recognised():
    grey = IMAGES[..., :1]
    assert memory_data(SLICES(grey[..., 0]).batch(7)).digest == memory_data(grey).digest


def test_a_repeated_data_set_is_refused():
    with pytest.raises(ConfigError, match=r"without an end; give dataset\.take\(count\)"):
        memory_data(SLICES(IMAGES).repeat())


def test_arrays_of_jax_have_the_digest_of_the_array():
    jax = pytest.importorskip("jax")
    assert memory_data(jax.numpy.asarray(IMAGES)).digest == PLAIN
    assert memory_data(jax.numpy.asarray(np.moveaxis(IMAGES, 3, 1))).digest == PLAIN
