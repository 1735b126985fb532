"""Measure the watchdog's share of a run's time.

    python tests/benchmarks/watchdog.py numpy torch keras

Trains `simple`, and the same with tiny networks, for a minute each on every backend; prints the
looks, what one costs, and the share.
"""

from __future__ import annotations

import contextlib
import sys
import time

from gankit.api import train
from gankit.callbacks import Watchdog

TINY = {
    "generator": {
        "layers": [
            {"layer": "dense", "units": 8},
            {"layer": "dense", "units": 784},
            {"layer": "tanh"},
            {"layer": "reshape", "shape": [28, 28, 1]},
        ]
    },
    "discriminator": {
        "layers": [
            {"layer": "flatten"},
            {"layer": "dense", "units": 8},
            {"layer": "dense", "units": 1},
        ]
    },
    "latent": 4,
    "batch": 16,
}
SECONDS = 60


class Timed:
    """Replaces the watchdog's method that checks, and adds up how long it takes."""

    def __init__(self, original) -> None:
        self.original = original
        self.costs: list[float] = []

    def __get__(self, dog, _kind):
        def look(progress):
            began = time.perf_counter()
            self.original(dog, progress)
            self.costs.append(time.perf_counter() - began)

        return look


def measure(backend: str, settings: dict) -> str:
    """Train for a minute; return the watchdog's share."""
    timed = Watchdog._check = Timed(original)
    clock = Clock()
    with contextlib.suppress(TimeoutError):
        train(backend=backend, steps=10**7, callbacks=[clock], **settings)
    share = sum(timed.costs) / clock.seconds
    mean = sum(timed.costs) / max(1, len(timed.costs))
    return f"{len(timed.costs)} looks of {1e3 * mean:.1f} ms: {share:.2%}"


class Clock:
    """A callback that ends the run after a minute of training."""

    def __init__(self) -> None:
        self.began = self.seconds = 0.0

    def next_boundary(self, _step):
        """Return no boundary."""
        return sys.maxsize

    def __call__(self, _progress):
        """Raise TimeoutError after a minute."""
        now = time.perf_counter()
        self.began = self.began or now
        self.seconds = now - self.began
        if self.seconds > SECONDS:
            raise TimeoutError


original = Watchdog._check

if __name__ == "__main__":
    for name in sys.argv[1:] or ["numpy"]:
        for label, settings in (("simple", {}), ("tiny", TINY)):
            print(f"{name:6} {label:7} {measure(name, settings)}", flush=True)
