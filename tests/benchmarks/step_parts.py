"""How long each part of a recipe's step takes on torch, by its profiler, as a row of a table.

    python tests/benchmarks/step_parts.py RECIPE [--steps 16]

Milliseconds of a step, of all threads together in kernels that several share. Run it on an idle
machine.
"""

from __future__ import annotations

import argparse
from collections import Counter

from quality import line
from torch.profiler import ProfilerActivity, profile

from gankit.config.layering import config_of
from gankit.launch.layered_sources import layered_sources
from gankit.launch.resolved_plan import resolve
from gankit.training import fit

PARTS = {
    "convolutions and products": ("conv", "mkldnn", "mm", "linear"),
    "patches of few channels": ("im2col", "col2im", "unfold", "fold"),
    "normalisation": ("norm", "var", "mean"),
    "activations": ("relu", "tanh", "sigmoid", "softplus"),
    "Adam": ("adam", "_foreach", "lerp"),
    "copies and indices": ("copy", "clone", "cat", "contiguous", "fill", "zero", "index"),
}
"""Parts, by what the names of their operations contain; an operation is in the first that fits."""
REST = "sums, other small kernels, Python"


def part_of(operation: str) -> str:
    """Return the part that an operation of the profiler belongs to."""
    name = operation.removeprefix("aten::").lower()
    return next((p for p, words in PARTS.items() if any(w in name for w in words)), REST)


def measured(recipe: str, steps: int) -> dict[str, float]:
    """Return milliseconds of a step for each part, after as many steps as a warm-up."""
    settings = {"backend": "torch", "dataset": "mnist"}
    plan = resolve(config_of(layered_sources(recipe, [("here", settings)])))
    trainer, shape = plan.backend.trainer(plan.problem), plan.config.step_shape()
    data = (plan.data.images, plan.labels, plan.data.sources)
    fit(trainer, plan.problem, shape, *data, steps=steps)
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        fit(trainer, plan.problem, shape, *data, steps=2 * steps, start=steps)
    found: Counter[str] = Counter()
    for event in profiled.key_averages():
        found[part_of(event.key)] += event.self_cpu_time_total
    return {part: found[part] / steps / 1000 for part in (*PARTS, REST)}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe")
    parser.add_argument("--steps", type=int, default=16)
    chosen = parser.parse_args()
    for part, milliseconds in measured(chosen.recipe, chosen.steps).items():
        print(line(part, f"{milliseconds:.1f}"))


if __name__ == "__main__":
    main()
