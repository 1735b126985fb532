"""Run folders as training writes them, made without training."""

from __future__ import annotations

import base64
import json
import re

import numpy as np

from gankit.config.layering import config_of
from gankit.recipes import recipe
from gankit.runs import LossLog, RunFolder, warning_log
from gankit.visual import images

FIGURES = {
    "features": "64 classifier and 18 local features (0a1b2c3d)",
    "reference": "all 500 training images",
    "samples": 100,
    "reference_samples": 500,
    "neighbours": 5,
    "frechet": 35.25,
    "kernel": 0.5,
    "kernel_deviation": 0.01,
    "kernel_all": 0.5,
    "precision": 0.625,
    "recall": 0.375,
    "density": 0.5,
    "coverage": 0.75,
    "nearest": 0.25,
    "score": 6.5,
    "reference_score": 9.5,
    "confidence": 0.875,
    "histogram": [0.5, 0.3, 0.2],
    "histogram_divergence": 0.125,
    "classes_seen": 3,
}
BASELINE = FIGURES | {"frechet": 2.5, "histogram": [0.4, 0.3, 0.3], "split": "the test split"}
DATA = re.compile(r'<script type="application/json" id="report-data">(.*?)</script>', re.DOTALL)


def make_run(path, steps=30, grids=(10, 20, 30), losses=None, **settings):
    """Make a run's folder, with losses and a grid of its own after each of some steps."""
    named = {"backend": "numpy", "dataset": "glyphs", **settings}
    config = config_of([("recipe", recipe("simple").settings), ("test", named)])
    folder = RunFolder(path)
    folder.create(config.to_toml(), {"python": "3.11", "libraries": {"numpy": "2.4"}, "run": "ab"})
    if losses is None:
        losses = np.stack([np.linspace(2, 1, steps), np.linspace(1, 3, steps)], axis=1)
    log = LossLog(folder.losses)
    log.append(0, losses)
    log.close()
    for step in grids:
        images.write_png(folder.sample_path(step), picture(step))
    return folder


def picture(step):
    """Return an image that no other step has."""
    return np.random.default_rng(step).integers(0, 256, (32, 32), dtype=np.uint8)


def add_evaluations(folder, steps, baseline=True):
    """Add evaluations after some steps, without evaluating."""
    rows = [FIGURES | {"step": step, "seed": 0} for step in steps]
    if baseline:
        rows[-1]["baseline"] = BASELINE
    text = "".join(json.dumps(row) + "\n" for row in rows)
    folder.evaluations.write_text(text, "utf-8")


def add_warning(folder, step, text):
    warning_log.append(folder.warnings, warning_log.Warned(step, text))


def uri(folder, step):
    """Return a grid as a page holds it."""
    content = folder.sample_path(step).read_bytes()
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def data_of(page):
    """Return the data of the page's scripts."""
    return json.loads(DATA.search(page)[1])
