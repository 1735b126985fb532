"""The framework below Keras: which one it is, and what the backend needs and can do on each."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from gankit.contract import CAPABILITIES

VARIABLE = "KERAS_BACKEND"
"""The environment variable that names Keras's framework."""


@dataclass(frozen=True)
class KerasFramework:
    """A framework that Keras runs on.

    Attributes
    ----------
    capabilities
        What the backend can do on it.
    remedy
        What to do if Keras or the framework is missing.
    """

    capabilities: frozenset[str]
    remedy: str


COMMON = CAPABILITIES - {"mixed", "distributed"}
FRAMEWORKS = {
    "tensorflow": KerasFramework(COMMON | {"distributed"}, "pip install 'gankit[keras]'"),
    "jax": KerasFramework(COMMON - {"exact-blocks"}, "pip install keras jax"),
    "torch": KerasFramework(COMMON - {"exact-blocks"}, "pip install keras torch"),
}
"""The frameworks that the backend supports, by Keras's names."""


def chosen() -> str:
    """Return the framework of this process; imports nothing.

    It is that of an imported Keras; else that of `KERAS_BACKEND`, by default TensorFlow.
    """
    if (keras := sys.modules.get("keras")) and hasattr(keras, "backend"):
        framework: str = keras.backend.backend()
        return framework
    return os.environ.get(VARIABLE) or "tensorflow"
