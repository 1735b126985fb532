"""What the tables of agreement share: short training of recipes, and how far two are apart."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from quality import line

from gankit._utils import atomic_files
from gankit.callbacks import History
from gankit.config.layering import config_of, from_recipe
from gankit.contract import Problem
from gankit.launch.resolved_plan import ResolvedPlan, resolve
from gankit.layers import BatchNorm, walk
from gankit.recipes import recipes
from gankit.training import fit

BATCH = 10
NAMES = [recipe.name for recipe in recipes()]
SHIFTED = {"wasserstein", "hinge", "relativistic", "relativistic-average"}
"""Losses that do not change if all logits are shifted; hinge only within its margins."""

State: TypeAlias = Mapping[str, NDArray[Any]]


def plan_of(name: str, backend: str, precision: str) -> ResolvedPlan:
    """Return the plan of a recipe with a small batch, on MNIST if it names no data set."""
    recipe = from_recipe(name)
    settings = {"backend": backend, "precision": precision, "batch": BATCH}
    return resolve(config_of([("data", {"dataset": "mnist"}), recipe, ("here", settings)]))


def trained(plan: ResolvedPlan, steps: int) -> State:
    """Train; return the trainer's state, and the "losses" and terms of each step."""
    trainer, history = plan.backend.trainer(plan.problem), History()
    shape, data = plan.config.step_shape(), (plan.data.images, plan.labels, plan.data.sources)
    fit(trainer, plan.problem, shape, *data, steps=steps, callbacks=history)
    losses = np.stack(list(history.losses().columns().values()), axis=1)
    return {**trainer.state(), "losses": losses}


def without_gradient(problem: Problem) -> Iterator[str]:
    """Yield the arrays of the state that only rounding errors move, or that follow such ones.

    They are biases before a batch norm, with its running mean, and the discriminator's last bias if
    the loss does not change with it. Adam and RMSprop divide a rounding error by its own size.
    """
    for role in ("generator", "discriminator"):
        places = walk(getattr(problem, role), problem.input_shapes(role))
        for name in {role, "average" if role == "generator" else role}:
            for first, second in itertools.pairwise(places):
                if isinstance(second.layer, BatchNorm) and getattr(first.layer, "bias", False):
                    yield f"{name}/{first.name}.bias"
                    yield f"{name}/{second.name}.mean"
    if problem.loss.name in SHIFTED:
        yield f"discriminator/{places[-1].name}.bias"


def apart(found: State, wanted: State, noise: Iterable[str]) -> tuple[float, float, float | None]:
    """Return the deviations of the losses, of the state, and of arrays without a gradient."""
    each = {key: deviation(found[key], wanted[key]) for key in wanted}
    losses = each.pop("losses")
    rounding = max((each.pop(key) for key in set(noise) & each.keys()), default=None)
    return losses, max(each.values()), rounding


def deviation(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """Return max |found - wanted| / max(1, max |wanted|)."""
    a, b = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    return float(np.max(np.abs(a - b), initial=0) / max(1.0, np.max(np.abs(b), initial=0)))


def key_of(name: str, backend: str) -> str:
    """Return the name of a result, which changes with the recipe."""
    values = json.dumps(from_recipe(name)[1], sort_keys=True)
    return f"{name}-{backend}-{hashlib.sha256(values.encode()).hexdigest()[:8]}"


class Results:
    """Results in a file of JSON, by `key_of`.

    Parameters
    ----------
    path
        The file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found = json.loads(path.read_text("utf-8")) if path.exists() else {}

    def get(self, name: str, backend: str) -> Any:
        """Return what was kept; None if there is nothing."""
        return self._found.get(key_of(name, backend))

    def keep(self, name: str, backend: str, result: object) -> None:
        """Keep a result."""
        self._found[key_of(name, backend)] = result
        self._path.parent.mkdir(parents=True, exist_ok=True)
        atomic_files.write_file(self._path, json.dumps(self._found, indent=1).encode())


def write_table(page: Path, name: str, command: str, rows: Sequence[Sequence[str]]) -> None:
    """Write a table into a page, between its marks; the first row is the head.

    Parameters
    ----------
    page
        The page.
    name
        The word at the beginning of the marks: the part of the page is between
        "<!-- NAME: ... -->" and "<!-- end -->".
    command
        The command that is named below the table.
    rows
        The cells.
    """
    head, *others = rows
    lines = [line(*head), line(*["---"] * len(head)), *(line(*row) for row in others)]
    machine = f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}"
    lines += ["", f"Run on {machine}, by `{command}`.", ""]
    before, rest = page.read_text("utf-8").split(f"<!-- {name}: ")
    mark, rest = rest.split("-->\n", 1)
    after = rest.split("<!-- end -->\n", 1)[1]
    text = f"{before}<!-- {name}: {mark}-->\n" + "\n".join(lines) + f"<!-- end -->\n{after}"
    page.write_text(text, "utf-8")
