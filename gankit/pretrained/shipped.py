"""A generator that gankit ships: its weights, and the settings that trained them.

The file is one of `gankit export --to safetensors`, with its weights rounded to float16, and with
two more facts: "config" (the run's settings) and "step".
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from importlib import resources

import numpy as np

import gankit.pretrained
from gankit._utils.paths import PRETRAINED, is_pretrained
from gankit._utils.state import State, add_prefix
from gankit.config import TrainConfig, from_settings
from gankit.errors import UnknownName
from gankit.pretrained import NAMES
from gankit.runs.tensors import decode, read_facts


@dataclass(frozen=True)
class Pretrained:
    """A generator that gankit ships.

    Attributes
    ----------
    name
        Its name.
    weights
        The generator's weights in float32, as in a state: "0.kernel".
    config
        The settings of the run that trained it.
    step
        Number of steps of that run.
    class_names
        Names of the classes 0, 1, ...; empty if they have none.
    digest
        SHA-256 of the file.
    """

    name: str
    weights: State
    config: TrainConfig
    step: int
    class_names: tuple[str, ...]
    digest: str

    def __str__(self) -> str:
        """Return the text that stands for it, such as "pretrained:digits"."""
        return f"{PRETRAINED}{self.name}"

    def state(self) -> State:
        """Return the weights as those of a state's generator and, if it has one, its average."""
        roles = ("generator", "average") if self.config.average else ("generator",)
        return {
            name: array for role in roles for name, array in add_prefix(role, self.weights).items()
        }


def find(text: str | os.PathLike[str]) -> Pretrained | None:
    """Return the generator that `pretrained:NAME` names; None for any other text, such as a path.

    Raises
    ------
    UnknownName
        gankit ships no generator with this name.
    """
    return read(str(text).removeprefix(PRETRAINED)) if is_pretrained(text) else None


def read(name: str) -> Pretrained:
    """Return the generator called `name`; UnknownName if gankit ships none."""
    if name not in NAMES:
        raise UnknownName("pretrained generator", name, NAMES)
    content = resources.files(gankit.pretrained).joinpath(f"{name}.safetensors").read_bytes()
    facts = read_facts(content)
    return Pretrained(
        name=name,
        weights={key: array.astype(np.float32) for key, array in decode(content).items()},
        config=from_settings(facts["config"], f"{PRETRAINED}{name}"),
        step=facts["step"],
        class_names=tuple(facts.get("class_names", ())),
        digest=hashlib.sha256(content).hexdigest(),
    )
