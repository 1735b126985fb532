"""Write a network: `... write_subprocess RUN best|newest DEVICE NETWORK FORMAT BACKEND FOLDER`.

Writes into FOLDER the export, and `expected.safetensors`: inputs, and what the run's network makes
from them.
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
from gankit.conditions import scaled, spread
from gankit.contract import AnyLabels, Array, Network
from gankit.contract.export_format import LABELS, ExportedNetwork, exported_network, input_columns
from gankit.contract.network_inputs import NOISE
from gankit.contract.random_streams import Stream, generator
from gankit.contract.sample_noise import sample_noise
from gankit.errors import BackendUnavailable, ExitCode, GankitError, described, place_of
from gankit.export.differences import TOLERANCE, difference
from gankit.export.fold_spectral_norm import folded
from gankit.export.formats import export_of
from gankit.export.lone_network import REFERENCE, lone_network, lone_problem
from gankit.launch.run import Run
from gankit.runs.tensors import encode
from gankit.terms import DISCRIMINATOR, GENERATOR

EXPECTED = "expected.safetensors"
OUTPUTS = "gankit/outputs"
"""What the network makes, beside its inputs; no input has such a name."""
LEAST_IMAGES = 16
"""The least number of compared images; a class-conditional run has at least one of each class."""
SEED = 0


def main(arguments: list[str]) -> None:
    """Write the export, or send the error."""
    send = channel()
    path, which, device, network, name, backend, folder = arguments
    send({"doing": f"while backend {backend!r} loaded the run"})
    try:
        run, warned = _opened(Path(path), backend, device, best=which == "best")
        send({"doing": f"while it was written as {name}", "warnings": warned})
        send(made(run, network, name, backend, Path(folder)))
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


def made(run: Run, network: str, name: str, backend: str, folder: Path) -> dict[str, Any]:
    """Write the export of a network and the expected outputs; return the message about it."""
    exported = exported_network(run.problem, network)
    weights = network_of(run, network).weights()
    atomic_files.write_file(folder / EXPECTED, encode(examples(run, exported)))
    export = export_of(name, plugins.get_backend(backend))
    path = folder / f"{network}{export.suffix}"
    with writing(folder.parent):
        export.write(*folded(exported, weights), path)
        if export.add_class_names and exported.named_classes and run.class_names:
            export.add_class_names(path, run.class_names)
    return {
        "done": True,
        "step": run.step,
        "parameters": sum(array.size for array in weights.values()),
        "inputs": exported.parts,
        "output": {exported.output: exported.output_shape},
        "heads": dict(exported.heads),
    }


def examples(run: Run, network: ExportedNetwork) -> State:
    """Return inputs of a network, and under `OUTPUTS` what the run's network makes from them."""
    problem, labels = run.problem, network.labels
    count = max(LEAST_IMAGES, labels.classes)
    noise = sample_noise(problem, count, SEED)
    places = input_columns(problem.latent, problem.codes)
    random = generator(SEED, Stream.SAMPLE)
    inputs: State = {}
    for name, shape in network.parts.items():
        if name in places and NOISE in network.parts:
            inputs[name] = noise[:, places[name]].astype(np.float32)
            continue
        drawn = random.uniform(-1, 1, (count, *shape))
        inputs[name] = drawn.astype(np.float32)
    if labels.columns:
        inputs[LABELS] = scaled(problem.conditions, spread(problem.conditions, count))
        inputs[LABELS] = inputs[LABELS].astype(np.float32)
    elif labels:
        inputs[LABELS] = np.arange(count) % labels.classes
    outputs = _outputs(run, network, network.arguments(inputs), inputs.get(LABELS))
    return {**inputs, OUTPUTS: outputs.astype(np.float32)}


def _outputs(
    run: Run, network: ExportedNetwork, given: Array | tuple[Array, ...], labels: AnyLabels | None
) -> Array:
    """Return what the layers of a network make.

    A run's network on the discriminator's side returns one logit of each row, so the reference
    computes its outputs in float64; their logits are those that the run's network returns.
    """
    called = network_of(run, network.name)
    own = called(given, labels)
    if not run.problem.criticises(network.name):
        return own
    made = lone_network(lone_problem(network, "float64"), called.weights())(given, labels)
    logits = run.problem.logits_of(network.name, made.reshape(len(made), -1))
    if not (found := difference(own, logits)) <= TOLERANCE:
        raise BackendUnavailable(
            f"logits of the run's {network.name}: got a difference of {found:.2g} from those of "
            f"the backend {REFERENCE!r}; expected at most {TOLERANCE:g}"
        )
    return made


def network_of(run: Run, name: str) -> Network:
    """Return a network of a run by its name, of the generator the one for sampling."""
    own: dict[str, Network] = {GENERATOR: run.generator, DISCRIMINATOR: run.trainer.discriminator}
    return (own | run.networks)[name]


if __name__ == "__main__":
    main(sys.argv[1:])
