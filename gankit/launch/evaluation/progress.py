"""The progress of an evaluation: its stages, their expected seconds, and a bar."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TypeAlias

from gankit._text import counted
from gankit.callbacks.stage_bar import Stages
from gankit.launch.evaluation.sample_count import SAMPLES
from gankit.launch.messages import Tell

READING = "reading images"
GENERATING = "generating images"
PICTURE = "nearest training images"
TRAINING = "training the classifier"
BASELINE = "real images: "
"""Prefix of the baseline's stages."""

PAUSE = 10.0
"""Seconds between two messages."""

Watch: TypeAlias = Callable[[str, float], None]
"""Takes the name of a stage and the part of it that is done, 0 to 1."""


def unwatched(_stage: str, _part: float) -> None:
    """Ignore the progress."""


def tell_of_training(tell: Tell, clock: Callable[[], float] = time.monotonic) -> Watch:
    """Return a function that prints the progress of a classifier's training every 10 seconds."""
    began, told = clock(), -PAUSE

    def watch(stage: str, part: float) -> None:
        nonlocal told
        now = clock()
        if stage == TRAINING and part and now - told >= PAUSE:
            told, left = now, (now - began) / part * (1 - part)
            seconds = counted(round(left), "second")
            tell(f"{TRAINING} for evaluations, once for this data set: {seconds} left")

    return watch


def expected_seconds(count: int, *, baseline: bool) -> dict[str, float]:
    """Return the approximate seconds of each stage of an evaluation on one server core."""
    stages = {
        "nearest images": 2e-3 * min(count, 1000),
        "features": 2e-4 * count,
        "Fréchet distance": 0.05,
        "kernel distance": 1.0 + 1e-8 * count * (count + SAMPLES),
        "precision and recall": 3e-8 * count * (count + SAMPLES),
        "classes": 3e-5 * count,
    }
    run = {GENERATING: 3e-4 * count, PICTURE: 1.0}
    real = {BASELINE + stage: seconds for stage, seconds in stages.items()}
    stages["precision and recall"] += 3e-8 * SAMPLES**2  # Once, for the reference.
    return run | stages | (real if baseline else {})


@contextmanager
def shown(count: int) -> Iterator[Watch]:
    """Yield a bar that shows the progress of an evaluation without baseline."""
    stages = expected_seconds(count, baseline=False)
    del stages[PICTURE]
    with closing(Stages({READING: 1.0} | stages)) as bar:
        yield bar
