"""Where and how a part measures, and how long a step takes there."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from timed_parts import Row

WARM_STEPS = 8
"""Steps before the first measurement: libraries choose kernels, and graphs are recorded."""
TURNS = 5
TURN_SECONDS = 0.15
"""About how long a turn lasts."""
MOST_STEPS = 200
"""The most steps of a turn."""


@dataclass(frozen=True)
class Here:
    """The settings of all parts.

    Attributes
    ----------
    folder
        Where pictures and logs go.
    device
        "cuda" or "cpu".
    quick
        Whether sizes are small and a turn is one step, which tries the script; such times mean
        nothing.
    end
        When the part ends, by `time.monotonic`.
    """

    folder: Path
    device: str
    quick: bool
    end: float

    def images(self) -> NDArray[np.uint8]:
        """Return random grey images, `(N, 28, 28, 1)`."""
        count = 500 if self.quick else 10_000
        return np.random.default_rng(0).integers(0, 256, (count, 28, 28, 1), dtype=np.uint8)

    def time(self, run: Callable[[int], None]) -> Row:
        """Return the milliseconds of a step, of what runs n steps: median, least and most."""
        run(4 if self.quick else WARM_STEPS)
        seconds = self._lasted(run, 2) / 2
        count = 1 if self.quick else int(min(max(TURN_SECONDS / seconds, 1), MOST_STEPS))
        turns = [self._lasted(run, count) / count * 1e3 for _ in range(1 if self.quick else TURNS)]
        return {"ms": statistics.median(turns), "least": min(turns), "most": max(turns)}

    def time_and_memory(self, build: Callable[[], Callable[[int], None]]) -> Row:
        """Return also the peak in MiB of the memory that was allocated from the building on."""
        gc.collect()
        if self.device == "cpu":
            return self.time(build())
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        row = self.time(build())
        return row | {"peak MiB": (torch.cuda.max_memory_allocated() - before) / 2**20}

    def _lasted(self, run: Callable[[int], None], steps: int) -> float:
        """Return the seconds of n steps, from an idle device to an idle device."""
        self._wait()
        began = time.perf_counter()
        run(steps)
        self._wait()
        return time.perf_counter() - began

    def _wait(self) -> None:
        if self.device == "cuda":
            torch.cuda.synchronize()
