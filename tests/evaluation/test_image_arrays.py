"""Which arrays are images, and which are refused."""

from __future__ import annotations

import numpy as np
import pytest

from gankit.errors import ConfigError
from gankit.evaluation.image_arrays import levels

IMAGES = np.zeros((20, 6, 5, 2), np.uint8)


@pytest.mark.parametrize(
    "wrong",
    [IMAGES[0], IMAGES[:0], IMAGES.astype(np.int64), IMAGES.astype(bool)],
    ids=["one image", "none", "int64", "bool"],
)
def test_a_value_that_is_not_images_is_refused(wrong):
    with pytest.raises(ConfigError, match="expected \\(n, H, W, C\\) of uint8"):
        levels(wrong)
