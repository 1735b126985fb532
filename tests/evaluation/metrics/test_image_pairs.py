"""PSNR and SSIM, compared with scikit-image."""

from __future__ import annotations

import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from gankit.errors import ConfigError
from gankit.evaluation.metrics.image_pairs import psnr, ssim

RANDOM = np.random.default_rng(0)
TRUE = RANDOM.integers(0, 256, (3, 13, 12, 2), np.uint8)
MADE = np.clip(TRUE + RANDOM.normal(0, 40, TRUE.shape), 0, 255).astype(np.uint8)


def test_psnr_is_of_the_mean_over_all_pixels():
    wanted = peak_signal_noise_ratio(TRUE, MADE, data_range=255)
    assert psnr(MADE, TRUE) == pytest.approx(wanted, rel=1e-12)
    assert psnr(TRUE, TRUE) == math.inf
    assert psnr(np.zeros_like(TRUE), np.full_like(TRUE, 255)) == pytest.approx(0)


def test_ssim_is_the_mean_over_windows_inside_the_images():
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    wanted = [
        structural_similarity(
            true.astype(np.float64), made.astype(np.float64),
            data_range=255, channel_axis=-1, **settings,
        )
        for true, made in zip(TRUE, MADE, strict=True)
    ]  # fmt: skip
    assert ssim(MADE, TRUE) == pytest.approx(np.mean(wanted), rel=1e-12)
    assert ssim(TRUE, TRUE) == pytest.approx(1)


def test_a_window_needs_eleven_pixels():
    assert ssim(MADE[:, :10], TRUE[:, :10]) is None


def test_pairs_have_equal_shapes():
    with pytest.raises(ConfigError, match="expected pairs of equal shapes"):
        psnr(MADE[:2], TRUE)
