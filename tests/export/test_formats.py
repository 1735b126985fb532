"""Every export format of a framework: verified by the command, and used as in its card.

What a card shows is run in a process where gankit cannot be imported.
"""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from textwrap import dedent

import numpy as np
import pytest

import gankit
from gankit import plugins
from gankit.codes import Code
from gankit.export import export
from gankit.export.write_subprocess import made
from tests.export.card_snippets import snippet_of
from tests.selection import selected

BACKENDS = [backend for backend in ("torch", "keras") if selected(backend)]
LAYERS = [
    {"layer": "embedding", "units": 3},
    {"layer": "dense", "units": 98},
    {"layer": "reshape", "shape": [7, 7, 2]},
    {"layer": "batch-norm", "momentum": 0.5, "epsilon": 1e-3},
    {"layer": "embedding", "units": 2},
    {
        "layer": "residual",
        "layers": [
            {"layer": "conv", "filters": 4, "kernel": 3, "padding": 1, "groups": 2},
            {"layer": "leaky-relu", "slope": 0.2},
        ],
    },
    {"layer": "layer-norm", "epsilon": 1e-3},
    {"layer": "instance-norm", "epsilon": 1e-3},
    {"layer": "concat", "input": "@5"},
    {"layer": "minibatch-std"},
    {"layer": "blur-upsample"},
    {"layer": "blur-pool"},
    {"layer": "self-attention", "units": 3, "spectral": True},
    {"layer": "batch-norm", "conditional": True},
    {"layer": "upsample", "factor": 2},
    {
        "layer": "conv-transpose",
        "filters": 1,
        "kernel": 4,
        "stride": 2,
        "padding": 1,
        "spectral": True,
    },
    {"layer": "tanh"},
]
DISCRIMINATOR = [{"layer": "flatten"}, {"layer": "dense", "units": 1}]
ALONE = """
import json
import sys

sys.modules |= dict.fromkeys(("gankit", "gankit_torch", "gankit_keras", "gankit_numpy"))
named = {{}}
{snippets}
np.savez("inputs.npz", **inputs)
with open("named.json", "w") as file:
    json.dump(named, file)
"""
SAVE = "np.save({name!r}, images)"
NAMES = [f"class {number}, é" for number in range(10)]
NAMES_OF = {
    "onnx": """
        import onnxruntime
        session = onnxruntime.InferenceSession("generator.onnx")
        names = session.get_modelmeta().custom_metadata_map["class_names"]
    """,
    "torchscript": """
        import torch
        extra = {"class_names.json": ""}
        torch.jit.load("generator.pt", _extra_files=extra)
        names = extra["class_names.json"]
    """,
    "keras": """
        import zipfile
        names = zipfile.ZipFile("generator.keras").read("class_names.json")
    """,
    "savedmodel": """
        from pathlib import Path
        extra = Path("generator.savedmodel", "assets.extra")
        names = (extra / "class_names.json").read_text("utf-8")
    """,
}
"""How a format's own tools find the names of classes; docs/exporting.md has the same."""
FIRST = {"torch": "onnx", "keras": "keras"}
"""The format that goes all the way, through the command's own processes, for a card of its own."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a run of the reference with named classes and layers of every kind."""
    trained = gankit.train(
        "simple",
        out=tmp_path_factory.mktemp("run") / "run",
        backend="numpy",
        dataset="glyphs",
        latent=4,
        codes=[Code("kind", "categorical", 3), Code("s-lant", "uniform")],
        batch=8,
        steps=2,
        fresh_noise=True,
        average={"half_life": 100},
        generator={"layers": LAYERS},
        discriminator={"layers": DISCRIMINATOR},
    )
    (trained.folder / "classes.json").write_text(json.dumps(NAMES), "utf-8")
    return trained


@pytest.fixture(scope="module", params=BACKENDS)
def outside(request, run, tmp_path_factory):
    """Return what a process without gankit reads from each format: images and classes."""
    folder, exports = tmp_path_factory.mktemp("out"), plugins.backends()[request.param].exports
    first = FIRST[request.param]
    out = folder / f"generator{exports[first].suffix}"
    done = export(run.folder, first, out, request.param)
    assert done.difference < 1e-5
    opened = gankit.load(run.folder, request.param)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Some of the libraries' own, as in the command's process.
        for name in exports.keys() - {first}:
            made(opened, "generator", name, request.param, folder)
    snippet = snippet_of(done.card.read_text("utf-8"))
    snippets = [snippet, SAVE.format(name=first)]
    for name, how in exports.items():
        if name != first:
            path = json.dumps(f"generator{how.suffix}")
            snippets += [how.snippet.format(path=path, output="images"), SAVE.format(name=name)]
        snippets += [dedent(NAMES_OF[name]), f"named[{name!r}] = json.loads(names)"]
    python("-c", ALONE.format(snippets="\n".join(snippets)), cwd=folder)
    return folder, exports


@pytest.mark.skipif(not BACKENDS, reason="no framework is among the backends to test")
def test_a_card_shows_how_to_make_the_runs_images_without_gankit(outside, run):
    folder, exports = outside
    with np.load(folder / "inputs.npz") as inputs:
        assert list(inputs) == ["noise", "code_kind", "code_s_lant", "labels"]
        noise = [inputs[name] for name in ("noise", "code_kind", "code_s_lant")]
        wanted = run.generator(np.concatenate(noise, axis=1), inputs["labels"])
    assert wanted.std() > 0.1
    for name in exports:
        made = np.load(folder / f"{name}.npy")
        np.testing.assert_allclose(made, wanted, rtol=0, atol=1e-5, err_msg=name)


@pytest.mark.skipif(not BACKENDS, reason="no framework is among the backends to test")
def test_every_format_stores_the_class_names(outside):
    folder, exports = outside
    named = json.loads((folder / "named.json").read_text("utf-8"))
    assert named == dict.fromkeys(exports, NAMES)


def python(*arguments, cwd):
    """Run Python; fail if it fails."""
    ended = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
