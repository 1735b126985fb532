"""PSNR and SSIM, compared with their formulas pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gankit.errors import ConfigError
from gankit.evaluation.metrics.image_pairs import psnr, ssim

RANDOM = np.random.default_rng(0)
TRUE = RANDOM.integers(0, 256, (3, 13, 12, 2), np.uint8)
MADE = np.clip(TRUE + RANDOM.normal(0, 40, TRUE.shape), 0, 255).astype(np.uint8)


def test_psnr_is_of_the_mean_over_all_pixels():
    error = np.mean((TRUE.astype(float) - MADE) ** 2)
    assert psnr(MADE, TRUE) == pytest.approx(20 * math.log10(255 / math.sqrt(error)))
    assert psnr(TRUE, TRUE) == math.inf
    assert psnr(np.zeros_like(TRUE), np.full_like(TRUE, 255)) == pytest.approx(0)


def windowed(x, y):
    """Return the SSIM of two patches of 11 by 11, by weighted moments."""
    at = np.arange(-5, 6)
    weights = np.exp(-(at[:, None] ** 2 + at**2) / (2 * 1.5**2))
    weights /= weights.sum()
    mean_x, mean_y = (weights * x).sum(), (weights * y).sum()
    variance_x = (weights * (x - mean_x) ** 2).sum()
    variance_y = (weights * (y - mean_y) ** 2).sum()
    covariance = (weights * (x - mean_x) * (y - mean_y)).sum()
    c, d = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    alike = (2 * mean_x * mean_y + c) * (2 * covariance + d)
    return alike / ((mean_x**2 + mean_y**2 + c) * (variance_x + variance_y + d))


def test_ssim_is_the_mean_over_windows_inside_the_images():
    found = [
        windowed(
            MADE[n, i : i + 11, j : j + 11, k].astype(float),
            TRUE[n, i : i + 11, j : j + 11, k].astype(float),
        )
        for n in range(3)
        for i in range(3)
        for j in range(2)
        for k in range(2)
    ]
    assert ssim(MADE, TRUE) == pytest.approx(np.mean(found), rel=1e-9)
    assert ssim(TRUE, TRUE) == pytest.approx(1)


def test_a_window_needs_eleven_pixels():
    assert ssim(MADE[:, :10], TRUE[:, :10]) is None


def test_pairs_have_equal_shapes():
    with pytest.raises(ConfigError, match="expected pairs of equal shapes"):
        psnr(MADE[:2], TRUE)
