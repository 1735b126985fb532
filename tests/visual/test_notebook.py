"""Displays in notebooks, and the tutorial: executed from its first cell to its last."""

from __future__ import annotations

import base64
import dataclasses
import importlib.util
import io
import itertools
import json
import os
import re
import sys
import types

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit.callbacks import Live
from gankit.callbacks.live import OUTSIDE_NOTEBOOK, TIME_SHARE
from gankit.evaluation import Evaluation
from gankit.launch.run import Run
from gankit.layers import Dense, Flatten, Reshape, Tanh
from gankit.visual import notebook
from tests.paths import DOCS
from tests.waiting import ran

TUTORIAL = DOCS / "tutorial.ipynb"
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 3, 2, 1), dtype=np.uint8)
EVALUATION = Evaluation(
    features="<b>64</b> features",
    reference="10 & 20",
    samples=1234,
    reference_samples=10,
    neighbours=5,
    frechet=12.5,
    kernel=0.25,
    kernel_deviation=0.125,
    kernel_all=0.2,
    precision=0.5,
    recall=0.75,
    density=1.0,
    coverage=0.5,
    nearest=0.1,
    histogram=(0.4, 0.6),
)


def fit(steps=6, callbacks=(), progress=False):
    generator = (Dense(6), Tanh(), Reshape((3, 2, 1)))
    return gankit.fit(
        IMAGES,
        generator,
        (Flatten(), Dense(1)),
        steps=steps,
        latent=3,
        batch=4,
        backend="numpy",
        progress=progress,
        callbacks=callbacks,
    )


def pictures(html):
    coded = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) for data in coded]


def test_a_run_is_displayed_with_description_images_and_losses():
    run = fit()
    html = run._repr_html_()
    assert "3 × 2 × 1" in html
    assert f"{run.history[-1, 1]:.3f}" in html
    grid, _losses = pictures(html)
    np.testing.assert_array_equal(grid, run.grid(25, scale=1).pixels)


def test_a_run_of_no_steps_is_displayed():
    run = fit(1)
    assert pictures(Run(run.problem, run.trainer, 0, np.empty((0, 2)))._repr_html_())


def test_an_evaluation_shows_the_names_of_its_classes():
    named = dataclasses.replace(EVALUATION, class_names=("cats", "dogs"))
    (numbers,), (names,) = pictures(EVALUATION._repr_html_()), pictures(named._repr_html_())
    assert not np.array_equal(numbers, names)
    assert "class_names" not in named.as_json()


def test_displayed_html_is_escaped_and_self_contained():
    html = EVALUATION._repr_html_()
    assert "&lt;b&gt;64&lt;/b&gt; features" in html
    assert "10 &amp; 20" in html
    assert "0.25 ± 0.125" in html
    assert "<script" not in notebook.html("<script>", {"<script>": "<script>"})
    assert not re.findall(r'(?:src|href)="(?!data:)|url\(', html)


def test_a_picture_is_displayed_as_png_and_can_be_saved(tmp_path):
    picture = fit().grid(4, seed=2, scale=3)
    with Image.open(io.BytesIO(picture._repr_png_())) as shown:
        np.testing.assert_array_equal(np.asarray(shown), picture.pixels)
    picture.save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as saved:
        np.testing.assert_array_equal(np.asarray(saved), picture.pixels)


def test_live_shows_the_last_step_and_takes_at_most_a_twentieth_of_the_time():
    now, shown = [0.0], []

    def show(html):
        shown.append(now[0])
        assert len(pictures(html)) == 2
        now[0] += 1.0

    def clock():
        now[0] += 0.5
        return now[0]

    plain = fit(60)
    seen = fit(60, [Live(n=4, columns=2, show=show, clock=clock), Stepping()])
    assert np.array_equal(plain.history, seen.history)
    assert len(shown) >= 2
    assert all(
        later - earlier >= 1 / TIME_SHARE for earlier, later in itertools.pairwise(shown[:-1])
    )


class Stepping:
    """Makes blocks of one step."""

    def next_boundary(self, step, /):
        return step + 1

    def __call__(self, _progress, /):
        pass


def test_live_warns_once_outside_a_notebook_and_does_nothing(capsys):
    fit(3, [Live()])
    assert capsys.readouterr().err == f"gankit: {OUTSIDE_NOTEBOOK}\n"


@pytest.fixture
def cell(monkeypatch):
    """Simulate a notebook; return its cell's outputs as HTML."""
    shown = []
    handle = types.SimpleNamespace(update=shown.append)
    display = types.SimpleNamespace(HTML=str, display=lambda *_, display_id: handle)  # noqa: ARG005
    shell = types.SimpleNamespace(kernel=object())
    ipython = types.SimpleNamespace(get_ipython=lambda: shell, display=display)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shown


def test_live_finds_the_notebooks_cell(cell):
    fit(3, [Live(n=4)])
    assert ">3<" in cell[-1]


def test_training_shows_a_bar_in_a_notebook_unless_switched_off(cell, capsys):
    run = fit(3, progress=True)
    assert '<progress value="1.0000" max="1">' in cell[-1]
    assert f"step 3/3  D {run.history[-1, 0]:.3f} G {run.history[-1, 1]:.3f}" in cell[-1]
    cell.clear()
    fit(3, progress=False)
    assert cell == []
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("machine")
def test_an_evaluation_shows_progress_in_a_notebook_unless_switched_off(cell, capsys):
    np.save("faces.npy", IMAGES)
    run = gankit.train(
        dataset="./faces.npy",
        backend="numpy",
        steps=1,
        latent=3,
        batch=4,
        progress=False,
        generator=[Dense(6), Tanh(), Reshape((3, 2, 1))],
        discriminator=[Flatten(), Dense(1)],
    )
    run.evaluate(n=12, progress=False)
    assert cell == []
    run.evaluate(n=12)
    assert "<progress " in cell[0]
    assert "reading images" in cell[0]
    assert cell[-1] == ""  # The bar goes with the work.
    assert capsys.readouterr() == ("", "")


EXECUTE = """
import sys
import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

class Here(AsyncKernelManager):
    # This Python, whatever kernels are installed.
    @property
    def kernel_spec(self):
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")

source, target = sys.argv[1:]
book = nbformat.read(source, as_version=4)
nbformat.validate(book)
client = NotebookClient(book, km=Here(), timeout=240, record_timing=False)
client.execute(cwd=".")
nbformat.write(book, target)
"""


def outputs(book):
    """Return the kinds of output of each cell; standard error depends on the machine's speed."""
    return [
        sorted(
            kind
            for output in cell.outputs
            if output.get("name") != "stderr"
            for kind in output.get("data", {"text": 0})
        )
        for cell in book.cells
        if cell.cell_type == "code"
    ]


@pytest.mark.usefixtures("machine")
def test_the_tutorial_runs_and_shows_the_outputs_of_the_docs(tmp_path):
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    target = tmp_path / "done.ipynb"
    command = [sys.executable, "-c", EXECUTE, str(TUTORIAL), str(target)]
    # The notebook takes the first framework that is installed.
    done = ran(command, "the tutorial", 280, env=os.environ | {"GANKIT_BACKEND": "numpy"})
    assert done.returncode == 0, done.stderr
    found, shown = (nbformat.read(path, as_version=4) for path in (target, TUTORIAL))
    assert outputs(found) == outputs(shown)
    text = found.cells[-1].outputs[0]["data"]
    assert "image/png" in text


@pytest.fixture
def install(monkeypatch):
    """Return a function that runs the cell that installs, and returns its calls of pip."""
    transformer = pytest.importorskip("IPython.core.inputtransformer2").TransformerManager()
    cells = json.loads(TUTORIAL.read_text("utf-8"))["cells"]
    (source,) = ("".join(cell["source"]) for cell in cells if cell["id"] == "install")

    def run(package, found):
        called = []
        shell = types.SimpleNamespace(run_line_magic=lambda *words: called.append(words))
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: found)
        filled = re.sub(r'PACKAGE = ".*"', f'PACKAGE = "{package}"', source)
        names = {"get_ipython": lambda: shell}
        exec(transformer.transform_cell(filled), names)  # noqa: S102 - our own cell.
        return called

    return run


def test_the_tutorial_installs_gankit_only_if_it_is_missing(install):
    assert install("gankit", found=object()) == []
    assert install("gankit", found=None) == [("pip", "install --quiet {PACKAGE}")]


def test_the_tutorial_installs_nothing_from_an_invented_address(install):
    with pytest.raises(ModuleNotFoundError, match=r"PACKAGE: got an empty text; expected"):
        install("", found=None)


def test_the_tutorial_has_no_local_paths_and_is_small():
    text = TUTORIAL.read_text("utf-8")
    assert not re.search(r"/(tmp|home|root|work|Users)/", text)
    assert len(text) < 600_000


TRAIN = """
import gankit, gankit.callbacks, numpy
from gankit.layers import Dense, Flatten, Reshape, Tanh

images = numpy.zeros((20, 3, 2, 1), "uint8")
networks = (Dense(6), Tanh(), Reshape((3, 2, 1))), (Flatten(), Dense(1))
begun = gankit.callbacks.every(50, lambda progress: progress.step == 50 and print("begun"))
run = gankit.fit(images, *networks, steps=10**9, latent=3, batch=4, backend="numpy",
                 callbacks=begun)
"""
INTERRUPT = """
import sys
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

class Here(KernelManager):
    @property
    def kernel_spec(self):
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")

def heard(message):
    text = message["content"].get("text", "")
    print(text)
    if "begun" in text:
        kernel.interrupt_kernel()

kernel = Here()
kernel.start_kernel()
client = kernel.client()
client.start_channels()
try:
    client.wait_for_ready(timeout=60)
    for cell in sys.argv[1:]:
        reply = client.execute_interactive(cell, timeout=60, output_hook=heard)["content"]
        print(reply["status"], reply.get("ename"), reply.get("evalue"))
finally:
    client.stop_channels()
    kernel.shutdown_kernel(now=True)
"""


def test_interrupting_a_kernel_stops_training_and_the_next_cell_has_the_run(tmp_path):
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    after = "import sys; run = sys.last_value.run; print(run.step == len(run.history) >= 50)"
    command = [sys.executable, "-c", INTERRUPT, TRAIN, after]
    done = ran(command, "the kernel that is interrupted", 180, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "error KeyboardInterrupt stopped after step" in done.stdout
    assert "True" in done.stdout.split()
