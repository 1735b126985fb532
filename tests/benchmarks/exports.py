"""Export every network of every recipe in every format, read it, and print a table.

    python tests/benchmarks/exports.py torch onnx torchscript safetensors

One framework in a process, for two that are loaded together are slow to start. The weights are
random, and large enough that images fill the whole of [-1, 1], as those of a trained generator do.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

from gankit import plugins
from gankit.config.layering import config_of, from_recipe
from gankit.contract.export_format import exported_network
from gankit.export.fold_spectral_norm import folded
from gankit.export.formats import export_of
from gankit.export.verify_subprocess import compared
from gankit.export.write_subprocess import OUTPUTS, examples, network_of
from gankit.launch.run import Run
from gankit.recipes import recipes


def main(backend: str, *formats: str) -> None:
    """Print a line for each network: how large its outputs are, the difference in each format."""
    warnings.simplefilter("ignore")
    print("| recipe | network | spread |", " | ".join(formats), "|")
    for recipe in recipes():
        run = lively(recipe.name, backend)
        for network in run.problem.roles:
            found = [difference(run, network, name, backend) for name in formats]
            spread = examples(run, exported_network(run.problem, network))[OUTPUTS].std()
            cells = (f"`{recipe.name}`", network, f"{spread:.2f}", *found)
            print("|", " | ".join(cells), "|", flush=True)


def lively(recipe: str, backend: str) -> Run:
    """Return a run whose networks have random weights as large as trained ones."""
    config = dataclasses.replace(config_of([from_recipe(recipe)]), classes=10)
    problem = config.problem(config.image_shape, plugins.get_loss(config.loss))
    trainer = plugins.get_backend(backend).trainer(problem)
    run = Run(problem, trainer, 0, np.zeros((0, 2)), config)
    random = np.random.default_rng(0)
    for network in (network_of(run, name) for name in problem.roles):
        weights = {name: drawn(name, w, random) for name, w in network.weights().items()}
        network.load_weights(weights)
    return run


def drawn(name: str, array: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return random numbers for one array; kernels preserve the size of their inputs."""
    match name.rpartition(".")[2]:
        case "kernel":
            fan_in = np.prod(array.shape[:-1]) / (4 if array.shape[:2] == (4, 4) else 1)
            made = random.normal(0, (2 / fan_in) ** 0.5, array.shape)
        case "gamma" | "variance":
            made = random.uniform(0.5, 1.5, array.shape)
        case _:
            made = random.normal(0, 0.3, array.shape)
    return made.astype(array.dtype)


def difference(run: Run, network: str, name: str, backend: str) -> str:
    """Return the largest difference, or why it cannot be computed."""
    export = export_of(name, plugins.get_backend(backend))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{network}{export.suffix}"
        try:
            exported = exported_network(run.problem, network)
            export.write(*folded(exported, network_of(run, network).weights()), path)
            return f"{compared(export.read(path), examples(run, exported))['difference']:.1e}"
        except Exception as error:
            return f"{type(error).__name__}: {str(error).splitlines()[0]}"


if __name__ == "__main__":
    main(*sys.argv[1:])
