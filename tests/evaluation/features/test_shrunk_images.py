"""Images averaged over blocks of pixels."""

from __future__ import annotations

import numpy as np

from gankit.evaluation.features.shrunk_images import inputs, small


def test_large_images_are_averaged_in_blocks():
    random = np.random.default_rng(0)
    large = random.integers(0, 256, (3, 66, 40, 2), dtype=np.uint8)
    found = small(large)
    assert found.shape == (3, inputs((66, 40, 2))) == (3, 22 * 14 * 2)
    blocks = found.reshape(3, 22, 14, 2)
    known = large[:, :3, :3].astype(np.float64).mean((1, 2)) / 127.5 - 1
    np.testing.assert_allclose(blocks[:, 0, 0], known, atol=1e-6)
    # The last block has one column of the image, and repeats it.
    edge = large[:, :3, 39].astype(np.float64).mean(1) / 127.5 - 1
    np.testing.assert_allclose(blocks[:, 0, 13], edge, atol=1e-6)
