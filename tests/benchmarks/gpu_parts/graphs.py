"""Recorded steps and plain ones: whether they leave the same bits, and their times.

On a CPU the replacement of CUDA graphs records, which is slower than plain steps.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import gankit_torch.trainer
import numpy as np
from gankit_torch import cuda_graphs
from loops.problems import problem_of
from timed_parts import Row, Rows, measure

from gankit import plugins
from gankit.contract import Problem, State
from gankit.schedules import Schedule
from gankit.training import fit
from gpu_parts.here import Here

STEPS = 20
RECIPES = ("simple", "dcgan", "r3gan")


def measure_part(rows: Rows, here: Here) -> None:
    """Add a row for each recipe, and one for r3gan without the schedules that prevent graphs."""
    units: dict[str, Callable[[], Row]] = {
        name: lambda name=name: compared(here, name) for name in RECIPES
    }
    units["r3gan, no schedules"] = lambda: compared(here, "r3gan", constant=True)
    measure(rows, units, here.end)


def compared(here: Here, recipe: str, constant: bool = False) -> Row:
    """Return whether states are equal after some steps, and the times of a step."""
    batch = {"batch": 8} if here.quick else {}
    problem, step_shape = problem_of(recipe, device=here.device, **batch)
    problem = without_schedules(problem) if constant else problem
    images, steps = here.images(), 6 if here.quick else STEPS

    def trained(recorded: bool) -> tuple[Any, Callable[[int], None]]:
        recorder = recorder_on(here.device) if recorded else lambda _device: None
        with mock.patch.object(gankit_torch.trainer, "recorder", recorder):
            trainer = plugins.get_backend("torch").trainer(problem)
        done = [0]

        def run(count: int) -> None:
            end = done[0] + count
            fit(trainer, problem, step_shape, images, steps=end, start=done[0])
            done[0] = end

        run(steps)
        return trainer, run

    plain, run_plain = trained(recorded=False)
    state = plain.state()
    again = trained(recorded=False)[0].state()
    recorded, run_recorded = trained(recorded=True)
    found = recorded.state()
    return {
        "graphs": len(recorded._graphed_steps._graphs),
        "same bits": difference(found, state) == 0,
        "difference": difference(found, state),
        "plain repeats its bits": difference(again, state) == 0,
        "plain ms": here.time(run_plain)["ms"],
        "recorded ms": here.time(run_recorded)["ms"],
    }


def recorder_on(device: str) -> Callable[[Any], Any]:
    """Return what makes a trainer's recorder: CUDA's, or its replacement."""
    if device == "cuda":
        return cuda_graphs.recorder
    sys.path.append(str(Path(__file__).parents[3]))
    from tests.frameworks.recording import Recorder

    return lambda _device: Recorder()


def without_schedules(problem: Problem) -> Problem:
    """Return the problem with each scheduled number at its start."""
    changes: dict[str, Any] = {
        name: _constant(getattr(problem, name))
        for name in ("generator_optimizer", "discriminator_optimizer")
    }
    return replace(problem, penalties=tuple(map(_constant, problem.penalties)), **changes)


def _constant(settings: Any) -> Any:
    numbers = {name: v.start for name, v in vars(settings).items() if isinstance(v, Schedule)}
    return replace(settings, **numbers)


def difference(found: State, wanted: State) -> float:
    """Return the largest difference of two states."""
    return max(
        float(np.abs(np.asarray(found[name], float) - wanted[name]).max(initial=0))
        for name in wanted
    )
