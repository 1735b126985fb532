"""A step of gankit, of a loop by hand, of the same loop compiled, and its products alone.

Each in float32, in float32 with products in TF32, and in bfloat16 (`mixed` in gankit, autocast in
loops). Contenders follow one another in one process.
"""

from __future__ import annotations

import importlib
import itertools
import os
from collections.abc import Callable
from typing import Any
from unittest import mock

import torch
import torch._dynamo.config
from gankit_torch.matmul import TF32, float32_products
from timed_parts import Row, Rows, measure

from gpu_parts.here import Here

RECIPES = ("simple", "dcgan", "r3gan")
BATCHES = (64, 256, 1024)
PRECISIONS = ("float32", "TF32", "bfloat16")
CONTENDERS: dict[str, tuple[str, dict[str, Any], str]] = {
    "gankit": ("by_gankit", {"backend": "torch"}, "mixed"),
    "loop": ("torch_loop", {}, "bfloat16"),
    "products": ("convolution_products", {}, "bfloat16"),
    "compiled": ("torch_loop", {"compiled": True}, "bfloat16"),
}
"""Of each contender: the module of `loops`, its options, and the option for bfloat16."""


def measure_part(rows: Rows, here: Here) -> None:
    """Add a row for each recipe, batch, contender and precision.

    What compiles takes longest and comes last, at first in float32 for each recipe.
    """
    batches = (8,) if here.quick else BATCHES
    cases = list(itertools.product(RECIPES, batches, CONTENDERS, PRECISIONS))
    cases.sort(
        key=lambda case: (1, PRECISIONS.index(case[3]), case[1]) if case[2] == "compiled" else (0,)
    )
    units: dict[str, Callable[[], Row]] = {
        f"{recipe} {batch:,} {name} {precision}": lambda case=(recipe, batch, name, precision): (
            step(here, *case)
        )
        for recipe, batch, name, precision in cases
    }
    measure(rows, units, here.end)


def step(here: Here, recipe: str, batch: int, contender: str, precision: str) -> Row:
    """Return the time of a step and the peak memory."""
    module, options, bfloat16 = CONTENDERS[contender]
    given = options | {"recipe": recipe, "batch": batch, "device": here.device}
    given |= {bfloat16: True} if precision == "bfloat16" else {}
    images = here.images()
    torch.compiler.reset()  # What others compiled counts towards the limit, and holds memory.
    torch._dynamo.config.fail_on_recompile_limit_hit = True  # Above it, steps would be plain.

    def build() -> Callable[[int], None]:
        return float32_products(importlib.import_module(f"loops.{module}").loop(images, **given))

    with mock.patch.dict(os.environ, {TF32: str(int(precision == "TF32"))}):
        return here.time_and_memory(build)
