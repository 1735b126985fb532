"""Every format that a framework writes: proved by the command, and used as its card says.

What a card shows is run in a process where gankit cannot be imported.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest

import gankit
from gankit import plugins
from gankit.exporting import export
from tests.selection import selected

BACKENDS = [backend for backend in ("torch", "keras") if selected(backend)]
LAYERS = [
    {"layer": "embedding", "units": 3},
    {"layer": "dense", "units": 98},
    {"layer": "reshape", "shape": [7, 7, 2]},
    {"layer": "batch-norm", "momentum": 0.5, "epsilon": 1e-3},
    {"layer": "embedding", "units": 2},
    {"layer": "residual", "layers": [
        {"layer": "conv", "filters": 4, "kernel": 3, "padding": 1, "groups": 2},
        {"layer": "leaky-relu", "slope": 0.2},
    ]},
    {"layer": "layer-norm", "epsilon": 1e-3},
    {"layer": "upsample", "factor": 2},
    {"layer": "conv-transpose", "filters": 1, "kernel": 4, "stride": 2, "padding": 1,
     "spectral": True},
    {"layer": "tanh"},
]  # fmt: skip
JUDGE = [{"layer": "flatten"}, {"layer": "dense", "units": 1}]
ALONE = """
import sys

sys.modules |= dict.fromkeys(("gankit", "gankit_torch", "gankit_keras", "gankit_numpy"))
{snippets}
np.savez("inputs.npz", **inputs)
"""
WRITE = """
import sys
from pathlib import Path

from gankit.api import load
from gankit.exporting.folding import folded
from gankit.plugins import get_backend

run, backend, *names = sys.argv[1:]
opened = load(run, backend)
for name in names:
    export = get_backend(backend).exports[name]
    export.write(*folded(opened.problem, opened.generator.weights()), Path(f"g{export.suffix}"))
"""
FIRST = {"torch": "onnx", "keras": "keras"}
"""The format that goes all the way, through the command's own processes, for a card of its own."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a run of the reference, with classes and layers of every kind."""
    return gankit.train(
        "simple", out=tmp_path_factory.mktemp("run") / "run", backend="numpy", dataset="glyphs",
        latent=4, batch=8, steps=2, fresh_noise=True, average={"half_life": 100},
        generator={"layers": LAYERS}, discriminator={"layers": JUDGE},
    )  # fmt: skip


@pytest.mark.skipif(not BACKENDS, reason="no framework is among the backends to test")
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_card_shows_how_to_make_the_runs_images_without_gankit(backend, run, tmp_path):
    exports = plugins.backends()[backend].exports
    first = FIRST[backend]
    done = export(run.folder, first, tmp_path / f"g{exports[first].suffix}", backend)
    assert done.difference < 1e-5
    python("-c", WRITE, run.folder, backend, *(exports.keys() - {first}), cwd=tmp_path)
    snippet = re.search(r"```python\n(.*?)```", done.card.read_text("utf-8"), re.DOTALL)[1]
    snippets = [f"{snippet}\nnp.save({first!r}, images)"]
    for name, how in exports.items():
        if name != first:
            text = how.snippet.format(path=json.dumps(f"g{how.suffix}"))
            snippets.append(f"{text}\nnp.save({name!r}, images)")
    python("-c", ALONE.format(snippets="\n".join(snippets)), cwd=tmp_path)
    with np.load(tmp_path / "inputs.npz") as inputs:
        wanted = run.generator(inputs["noise"], inputs["labels"])
    assert wanted.std() > 0.1
    for name in exports:
        made = np.load(tmp_path / f"{name}.npy")
        np.testing.assert_allclose(made, wanted, rtol=0, atol=1e-5, err_msg=name)


def python(*arguments, cwd):
    """Run Python to a good end."""
    ended = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
