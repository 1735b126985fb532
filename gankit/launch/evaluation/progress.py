"""The progress of an evaluation: the names of its stages, and lines about a training."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

from gankit._text import counted
from gankit.launch.messages import Tell

READING = "reading images"
GENERATING = "generating images"
NETWORK = "features of the network"
PICTURE = "nearest training images"
CLASSIFYING = "classifying test images"
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
    began, last = clock(), -PAUSE

    def watch(stage: str, part: float) -> None:
        nonlocal last
        now = clock()
        if stage == TRAINING and part and now - last >= PAUSE:
            last, left = now, (now - began) / part * (1 - part)
            seconds = counted(round(left), "second")
            tell(f"{TRAINING} for evaluations, once for this data set: {seconds} left")

    return watch
