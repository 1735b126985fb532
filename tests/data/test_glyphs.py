import hashlib
import subprocess
import sys

import numpy as np
import pytest

from gankit.data import glyphs
from gankit.data.glyphs import handwriting, turned
from gankit.data.glyphs.strokes import distances, font_strokes, lines

STROKES = "6b1235af9338edc9cb83f548ac830dab91b294e87c8a3c9f0eecc402e19018ca"
"""SHA-256 of the digits and of the pixels of all strokes: other strokes are another data set."""
DIGEST = (
    "import hashlib; from gankit.data import glyphs; "
    "print(hashlib.sha256(glyphs.draw(200, seed=1)[0].tobytes()).hexdigest())"
)


def test_glyphs_have_the_shapes_and_types_of_mnist(small_glyphs):
    assert (small_glyphs.images.shape, small_glyphs.images.dtype) == ((200, 28, 28, 1), np.uint8)
    assert (small_glyphs.labels.shape, small_glyphs.labels.dtype) == ((200,), np.int64)


def test_the_same_seed_draws_the_same_bytes_in_another_process(small_glyphs):
    done = subprocess.run(
        [sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == hashlib.sha256(small_glyphs.images.tobytes()).hexdigest()


def test_another_seed_draws_other_glyphs(small_glyphs):
    assert not np.array_equal(glyphs.draw(200, seed=2)[0], small_glyphs.images)


def test_test_glyphs_differ_from_training_glyphs():
    held_out, drawn = glyphs.held_out(None), glyphs.load(None)
    assert len(held_out) == 10000
    assert held_out.classes == 10
    # Two may be alike by chance; sets of the same seed would be so throughout.
    seen = {image.tobytes() for image in drawn.images}
    assert sum(image.tobytes() in seen for image in held_out.images) < 10


@pytest.mark.parametrize("count", [0, 1, 10, 507])
def test_every_digit_is_equally_frequent(count):
    images, labels = glyphs.draw(count)
    counts = np.bincount(labels, minlength=10)
    assert len(images) == count == counts.sum()
    assert counts.max() - counts.min() <= 1


def test_no_two_glyphs_are_equal(small_glyphs):
    assert len(np.unique(small_glyphs.images.reshape(200, -1), axis=0)) == 200


def test_strokes_are_white_and_smooth_on_black(small_glyphs):
    images = small_glyphs.images
    assert (images.max((1, 2, 3)) > 200).mean() > 0.95
    assert 0.7 < (images == 0).mean() < 0.9
    assert ((images > 0) & (images < 255)).mean() > 0.05


def test_the_ink_is_near_the_centre_and_away_from_the_edge(small_glyphs):
    ink = small_glyphs.images[..., 0] / 255
    mass = ink.sum((1, 2))
    rows, columns = ink.sum(2) @ np.arange(28) / mass, ink.sum(1) @ np.arange(28) / mass
    assert np.abs(rows - 14).max() < 2.5
    assert np.abs(columns - 14).max() < 2.5
    assert ink[:, [0, -1]].mean() < 0.001


def test_nearest_neighbours_recognise_the_digits(small_glyphs):
    images, labels = glyphs.draw(2000, seed=7)
    known = images.reshape(2000, -1) / 255.0
    asked = small_glyphs.images.reshape(200, -1) / 255.0
    apart = (known**2).sum(1) - 2 * asked @ known.T
    assert (labels[apart.argmin(1)] == small_glyphs.labels).mean() > 0.9


def test_the_strokes_are_those_that_every_recorded_run_has_seen():
    found = hashlib.sha256(font_strokes().digits.tobytes() + np.packbits(lines()).tobytes())
    assert found.hexdigest() == STROKES


def test_every_stroke_keeps_a_margin():
    shown = lines()
    assert shown.any((1, 2)).all()
    for edge in (shown[:, :7], shown[:, -7:], shown[:, :, :7], shown[:, :, -7:]):
        assert not edge.any()


def test_distances_are_measured_to_the_nearest_pixel():
    line = np.zeros((5, 5), bool)
    line[0, 0] = line[4, 4] = True
    away = distances(line)
    assert away[0, 0] == 0
    assert away[0, 3] == 3
    assert away[3, 4] == 1
    assert away[1, 1] == pytest.approx(2**0.5)


def test_the_data_set_is_drawn_once():
    first = glyphs.DATASET.load(None)
    assert len(first) == 60000
    assert glyphs.DATASET.load(None) is first
    assert "seed 0" in first.source


def test_turned_glyphs_have_an_angle_and_a_width():
    images, labels = turned.draw_turned(400, seed=5)
    again = turned.draw_turned(400, seed=5)
    assert (images == again[0]).all()
    assert (labels == again[1]).all()
    assert np.abs(labels[:, 0]).max() <= 45
    assert labels[:, 1].min() >= 1.2
    assert labels[:, 1].max() <= 3.6
    ink = images.reshape(400, -1).mean(axis=1)
    assert np.corrcoef(ink, labels[:, 1])[0, 1] > 0.6


def test_a_glyph_turns_to_the_right():
    pen, chosen = np.full(1, 1.0, np.float32), np.array([1])
    y, x = np.mgrid[:28, :28] - 13.5
    leans = []
    for degrees in (-30, 0, 30):
        rng = np.random.Generator(np.random.Philox(3))
        turn = np.deg2rad(np.full(1, degrees, np.float32)).astype(np.float32)
        (ink,) = handwriting.written(rng, font_strokes(), chosen, turn, pen)
        leans.append(float((ink * x * -y).sum() / (ink * y * y).sum()))
    assert leans == sorted(leans)
    assert leans[2] - leans[0] > 0.3
