"""A folder of colour pictures: a circle, square, triangle or cross on a plain ground.

`python tests/colour_shapes.py FOLDER [COUNT]` writes them; docs/recipes/sizes.md trains on them.
"""

from __future__ import annotations

import colorsys
import math
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIDE = 96
"""Height and width of a picture, in pixels."""
SMOOTHING = 4
"""Shapes are drawn so many times larger, and reduced: their edges are smooth."""
SHAPES = ("circle", "square", "triangle", "cross")


def write(folder: Path, count: int, seed: int = 0) -> None:
    """Write `count` pictures into `folder`, the shapes in turn; equal seeds, equal pictures."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        shape = SHAPES[number % len(SHAPES)]
        draw(shape, random).save(folder / f"{number:05}-{shape}.png")


def draw(shape: str, random: np.random.Generator) -> Image.Image:
    """Return a large shape of a bright colour on a dark or pale ground of any hue."""
    hue, ground_hue = random.random(2)
    ground = _rgb(ground_hue, 0.6, 0.35) if random.random() < 0.5 else _rgb(ground_hue, 0.15, 0.95)
    side = SIDE * SMOOTHING
    picture = Image.new("RGB", (side, side), ground)
    centre = side / 2 + side * random.uniform(-0.06, 0.06, 2)
    radius = side * random.uniform(0.28, 0.38)
    _paint(ImageDraw.Draw(picture), shape, centre, radius, _rgb(hue, 0.85, 0.9))
    return picture.resize((SIDE, SIDE), Image.Resampling.BOX)


def _rgb(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(255 * red), round(255 * green), round(255 * blue)


def _paint(
    pen: ImageDraw.ImageDraw,
    shape: str,
    centre: np.ndarray,
    radius: float,
    colour: tuple[int, int, int],
) -> None:
    x, y = centre
    if shape == "circle":
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    elif shape == "square":
        half = 0.85 * radius
        pen.rectangle((x - half, y - half, x + half, y + half), fill=colour)
    elif shape == "triangle":
        turns = [math.radians(degrees) for degrees in (-90, 30, 150)]
        reach = 1.2 * radius
        corners = [(x + reach * math.cos(turn), y + reach * math.sin(turn)) for turn in turns]
        pen.polygon(corners, fill=colour)
    else:
        arm = 0.3 * radius
        pen.rectangle((x - radius, y - arm, x + radius, y + arm), fill=colour)
        pen.rectangle((x - arm, y - radius, x + arm, y + radius), fill=colour)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 4000)
