"""Images that are given to a run are read as those of its training were."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit.data.image_options import ImageOptions
from gankit.errors import DataError
from gankit.launch.run.given_images import given_as_trained
from gankit.layers import Dense, Flatten, Reshape, Tanh

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), np.uint8)


@pytest.fixture
def run(tmp_path):
    """Return a run on an array of a file that has several, with pictures padded."""
    np.savez(tmp_path / "digits.npz", pictures=IMAGES, classes=np.arange(40) % 3)
    return gankit.train(
        dataset=str(tmp_path / "digits.npz"),
        images=ImageOptions(images_key="pictures", labels_key="classes", fit="pad"),
        generator=(Dense(64), Tanh(), Reshape((8, 8, 1))),
        discriminator=(Flatten(), Dense(1)),
        latent=3,
        batch=4,
        steps=1,
        backend="numpy",
        progress=False,
    )


def test_the_names_of_the_runs_arrays_count_for_files_that_have_them(run, tmp_path):
    np.save(tmp_path / "some.npy", IMAGES[:3])
    np.savez(tmp_path / "same.npz", pictures=IMAGES[:3], images=IMAGES[3:6])
    np.savez(tmp_path / "OTHER.NPZ", images=IMAGES[:3])
    (tmp_path / "OTHER.NPZ.npz").rename(tmp_path / "OTHER.NPZ")
    for given in ("some.npy", "same.npz", "OTHER.NPZ"):
        found = given_as_trained(run, tmp_path / given).images
        np.testing.assert_array_equal(found, IMAGES[:3])
    (tmp_path / "damaged.npz").write_bytes(b"no archive")
    with pytest.raises(DataError, match=r"damaged.npz: cannot be read"):
        given_as_trained(run, tmp_path / "damaged.npz")


def test_pictures_are_fitted_as_those_of_the_training(run, tmp_path):
    (tmp_path / "wide").mkdir()
    Image.new("L", (16, 8), 255).save(tmp_path / "wide" / "white.png")
    (found,) = given_as_trained(run, tmp_path / "wide").images
    assert (found[0] != 255).all()
    assert (found[4] == 255).all()
