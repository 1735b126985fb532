"""Write the generators that gankit ships: `python docs/pretrained.py RUNS`.

Each run of `gallery.py`, in the folder RUNS, is exported; its weights are rounded to float16, and
the file and its card go into `gankit/pretrained`.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import gankit
from gankit.launch.run import Run
from gankit.pretrained import NAMES
from gankit.runs.tensors import decode, encode_with_facts, read_facts

FOLDER = Path(gankit.__file__).parent / "pretrained"
IMAGES = 1000
ROUNDED = """\
The weights were exported in float32, and then rounded to float16. By the numpy backend in float32,
the images of 1,000 inputs, with values from -1 to 1, differ from those of the unrounded weights by
{most:.1e} at most and {mean:.1e} in the mean.
"""


def ship(name: str, run: Path) -> None:
    """Export a run's generator, round it, and write its file and its card."""
    with tempfile.TemporaryDirectory() as temporary:
        exported = Path(temporary) / f"{name}.safetensors"
        words = [
            "export",
            str(run),
            "--to",
            "safetensors",
            "--out",
            str(exported),
            "--license",
            "mit",
        ]
        subprocess.run([sys.executable, "-m", "gankit", *words], check=True)  # noqa: S603
        content = exported.read_bytes()
        card = exported.with_name(f"{exported.name}.md").read_text("utf-8")
    trained = gankit.load(run, "numpy")
    facts = {**read_facts(content), "config": trained.config.settings(), "step": trained.step}
    target = FOLDER / f"{name}.safetensors"
    rounded = {key: array.astype(np.float16) for key, array in decode(content).items()}
    target.write_bytes(encode_with_facts(rounded, facts))
    (FOLDER / f"{name}.md").write_text(rewritten(card, content, target, name, trained), "utf-8")


def rewritten(card: str, exported: bytes, target: Path, name: str, trained: Run) -> str:
    """Return the card of the rounded file."""
    shipped = gankit.load(f"pretrained:{name}")
    apart = np.abs(shipped.sample(IMAGES) - trained.sample(IMAGES))
    before, after = (hashlib.sha256(c).hexdigest() for c in (exported, target.read_bytes()))
    words = ROUNDED.format(most=apart.max(), mean=apart.mean())
    card = card.replace(before, after)
    return re.sub(r"(?s)(## Verification\n\n).*?(\n## )", rf"\g<1>{words}\g<2>", card)


if __name__ == "__main__":
    for one in NAMES:
        ship(one, Path(sys.argv[1]) / one)
