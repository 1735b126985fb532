"""Python code that runs an export."""

from __future__ import annotations

import json

from gankit.export.card import facts
from gankit.export.exported import Exported

INPUTS = """\
import numpy as np

random = np.random.default_rng(0)
inputs = {}
"""
PICTURES = """\
pictures = np.zeros((16, {shape}), np.uint8)  # Your pictures.
inputs["{name}"] = (pictures / np.float32(127.5) - 1).astype(np.float32)
"""
ROW = 'inputs["{name}"] = random.standard_normal((16, {shape}), dtype=np.float32)\n'
DRAWN = {
    "uniform": "random.uniform(-1, 1, (16, {size})).astype(np.float32)",
    "normal": "random.standard_normal((16, {size}), dtype=np.float32)",
    "categorical": "np.eye({size}, dtype=np.float32)[np.arange(16) % {size}]",
}
"""Code that makes the columns of each kind of code."""
CLASSES = 'inputs["labels"] = np.arange(16) % {classes}\n'
VECTORS = 'inputs["labels"] = np.linspace({lows}, {highs}, 16, dtype=np.float32)\n'


def snippet(done: Exported) -> str:
    """Return Python code that runs the export, in the folder that contains it."""
    text, (output,) = INPUTS, done.output
    codes = facts.codes(done)
    for name, shape in done.inputs.items():
        if name in codes:
            drawn = DRAWN[codes[name].kind].format(size=codes[name].size)
            text += f'inputs["{name}"] = {drawn}\n'
            continue
        form = PICTURES if facts.is_image(shape) else ROW
        text += form.format(name=name, shape=", ".join(map(str, shape)))
    if classes := facts.classes(done):
        text += CLASSES.format(classes=classes)
    if conditions := facts.conditions(done):
        lows, highs = [0 if c.binary else -1 for c in conditions], [1] * len(conditions)
        text += VECTORS.format(lows=lows, highs=highs)
    path = json.dumps(done.path.name)
    return f"{text}\n{done.choice.export.snippet.format(path=path, output=output)}"
