"""Write a run's generator: `... write_subprocess RUN best|newest DEVICE FORMAT BACKEND FOLDER`.

Writes into FOLDER the export, and `expected.safetensors`: inputs, and the images that the run's
generator makes from them.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from gankit import plugins
from gankit._text import plain
from gankit._utils import atomic_files
from gankit._utils.child_process import channel
from gankit._utils.state import State
from gankit._utils.storage import writing
from gankit.api import load
from gankit.contract.export_format import input_columns
from gankit.contract.network_inputs import NOISE, SOURCE
from gankit.contract.random_streams import Stream, generator
from gankit.contract.sample_noise import sample_noise
from gankit.errors import ExitCode, GankitError, described, place_of
from gankit.export.fold_spectral_norm import folded
from gankit.export.formats import export_of
from gankit.launch.run import Run
from gankit.runs.tensors import encode

EXPECTED = "expected.safetensors"
NAME = "generator"
LEAST_IMAGES = 16
"""The least number of compared images; a class-conditional run has at least one of each class."""
SEED = 0


def main(arguments: list[str]) -> None:
    """Write the export, or send the error."""
    send = channel()
    path, which, device, name, backend, folder = arguments
    send({"doing": f"while backend {backend!r} loaded the run"})
    try:
        run, warned = _opened(Path(path), backend, device, best=which == "best")
        send({"doing": f"while it was written as {name}", "warnings": warned})
        send(made(run, name, backend, Path(folder)))
    except (Exception, SystemExit) as error:
        send(refusal(error, f"backend {backend!r} cannot write {name}"))


def refusal(error: BaseException, problem: str) -> dict[str, Any]:
    """Return the message about an error: that of a gankit error, or `problem` with the error."""
    if isinstance(error, GankitError):
        return {"refused": str(error), "exit_code": int(error.exit_code)}
    message = f"{problem}: {plain(described(error))}{place_of(error)}"
    return {"refused": message, "exit_code": int(ExitCode.BACKEND)}


def _opened(path: Path, backend: str, device: str, *, best: bool) -> tuple[Run, list[str]]:
    """Load a run; return it with gankit's warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        run = load(path, backend, best=best, device=device or None)
    warnings.simplefilter("ignore")
    return run, [str(w.message) for w in caught if w.category is UserWarning]


def made(run: Run, name: str, backend: str, folder: Path) -> dict[str, Any]:
    """Write the export and the expected images; return the message about it."""
    weights = run.generator.weights()
    atomic_files.write_file(folder / EXPECTED, encode(examples(run)))
    export = export_of(name, plugins.get_backend(backend))
    path = folder / f"{NAME}{export.suffix}"
    with writing(folder.parent):
        export.write(*folded(run.problem, weights), path)
        if export.add_class_names and run.problem.generator_classes and run.class_names:
            export.add_class_names(path, run.class_names)
    parameters = sum(array.size for array in weights.values())
    return {"done": True, "step": run.step, "parameters": parameters}


def examples(run: Run) -> State:
    """Return inputs, and under "images" the images that the run's generator makes from them."""
    classes = run.problem.generator_classes
    count = max(LEAST_IMAGES, classes)
    problem = run.problem
    noise = sample_noise(problem, count, SEED)
    places = input_columns(problem.latent, problem.codes)
    given: dict[str, State] = {NOISE: {name: noise[:, place] for name, place in places.items()}}
    source = None
    if problem.source_shape:
        random = generator(SEED, Stream.SAMPLE)
        shape = (count, *problem.source_shape)
        source = random.uniform(-1, 1, shape).astype(np.float32)
        given[SOURCE] = {SOURCE: source}
    inputs = {name: array for value in problem.inputs for name, array in given[value].items()}
    if (labels := problem.labels_in_turn(count)) is not None:
        inputs["labels"] = labels.astype(np.float32) if labels.ndim == 2 else labels
    # It uses these labels, too.
    made = run.chunks(count, SEED, source=source)
    images = np.concatenate(list(made))
    return {**inputs, "images": images.astype(np.float32)}


if __name__ == "__main__":
    main(sys.argv[1:])
